// What worries us: readiness told twice or not at all; callbacks after a stream is gone; a process
// without descriptors that spins or never accepts again.
#include "io/asio/network.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "io/asio/descriptor.h"
#include "io/asio/stream.h"
#include "io/asio/test_support.h"
#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"

namespace naru::io::asio_impl {
namespace {

const Endpoint kAnyPort{"127.0.0.1", 0};

struct Recorder final : StreamHandler {
  void on_readable() override {
    ++readable;
    if (on_read) on_read();
  }
  void on_writable() override { ++writable; }
  int readable = 0;
  int writable = 0;
  std::function<void()> on_read;
};

/// Both ends of one connection, on one loop.
struct Pair {
  explicit Pair(Loop& on_loop) : loop(on_loop), network(on_loop) {
    auto listening = network.listen(
        kAnyPort, [this](std::unique_ptr<Accepted> a) { server = network.adopt(std::move(a)); });
    EXPECT_TRUE(listening) << listening.error().what;
    network.connect((*listening)->local(), [this](Result<std::unique_ptr<Stream>> stream) {
      EXPECT_TRUE(stream) << stream.error().what;
      client = std::move(*stream);
    });
    const RunUntil run(loop, [this] { return server && client; });
    server->set_handler(&server_events);
    client->set_handler(&client_events);
  }
  std::string read(Stream& stream) {
    std::array<std::uint8_t, 4096> buffer;
    auto got = stream.read_some(buffer);
    if (!got) return "error: " + std::string(to_string(got.error().code));
    return std::string(as_text(ByteView(buffer).first(*got)));
  }

  Loop& loop;
  TcpNetwork network;
  Recorder server_events;
  Recorder client_events;
  std::unique_ptr<Stream> server;
  std::unique_ptr<Stream> client;
};

Result<std::size_t> write(Stream& stream, std::initializer_list<std::string_view> texts) {
  std::vector<ByteView> pieces;
  for (const std::string_view text : texts) pieces.push_back(as_bytes(text));
  return stream.write_some(pieces);
}

TEST(Network, PiecesArriveAsOneRunOfBytes) {
  Loop loop;
  Pair pair(loop);
  pair.server->await_readable();
  EXPECT_EQ(write(*pair.client, {"na", "", "ru"}), 4u);
  const RunUntil run(loop, [&] { return pair.server_events.readable == 1; });
  EXPECT_EQ(pair.read(*pair.server), "naru");
  EXPECT_EQ(pair.read(*pair.server), "error: need_more");
}

TEST(Network, AskingTwiceIsAskingOnce) {
  Loop loop;
  Pair pair(loop);
  pair.server->await_readable();
  pair.server->await_readable();
  pair.client->await_writable();
  EXPECT_EQ(write(*pair.client, {"x"}), 1u);
  const RunUntil run(
      loop, [&] { return pair.server_events.readable > 0 && pair.client_events.writable > 0; });
  bool another_turn = false;
  loop.post([&] { another_turn = true; });
  const RunUntil again(loop, [&] { return another_turn; });
  EXPECT_EQ(pair.server_events.readable, 1);
}

TEST(Network, UnreadBytesAreToldAgain) {
  Loop loop;
  Pair pair(loop);
  EXPECT_EQ(write(*pair.client, {"x"}), 1u);
  for (int i = 1; i <= 3; ++i) {
    pair.server->await_readable();
    const RunUntil run(loop, [&] { return pair.server_events.readable == i; });
  }
  EXPECT_EQ(pair.read(*pair.server), "x");
}

TEST(Network, TheEndOfTheStreamIsAReadOfNothing) {
  Loop loop;
  Pair pair(loop);
  pair.server->await_readable();
  pair.client->shutdown_write();
  const RunUntil run(loop, [&] { return pair.server_events.readable == 1; });
  EXPECT_EQ(pair.read(*pair.server), "");
  // The other direction is still open.
  pair.client->await_readable();
  EXPECT_EQ(write(*pair.server, {"bye"}), 3u);
  const RunUntil more(loop, [&] { return pair.client_events.readable == 1; });
  EXPECT_EQ(pair.read(*pair.client), "bye");
}

TEST(Network, AFullSocketTellsWhenItHasRoomAgain) {
  Loop loop;
  Pair pair(loop);
  const std::string chunk(64 * 1024, 'x');
  std::size_t sent = 0;
  while (auto part = write(*pair.client, {chunk})) sent += *part;
  pair.client->await_writable();
  std::size_t received = 0;
  std::vector<std::uint8_t> buffer(1024 * 1024);
  pair.server_events.on_read = [&] {
    while (auto got = pair.server->read_some(buffer)) received += *got;
    pair.server->await_readable();
  };
  pair.server->await_readable();
  const RunUntil run(loop, [&] { return pair.client_events.writable == 1 && received == sent; });
}

TEST(Network, WritingToAClosedPeerIsAnError) {
  Loop loop;
  Pair pair(loop);
  pair.client.reset();
  pair.server->await_readable();
  const RunUntil run(loop, [&] { return pair.server_events.readable == 1; });
  // The first write provokes the reset, a later one sees it.
  Result<std::size_t> written = 0;
  for (int i = 0; i < 1000 && written; ++i) written = write(*pair.server, {"x"});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
}

TEST(Network, AStreamMayBeDestroyedInItsOwnCallback) {
  Loop loop;
  Pair pair(loop);
  pair.server_events.on_read = [&] { pair.server.reset(); };
  pair.server->await_readable();
  pair.server->await_writable();
  EXPECT_EQ(write(*pair.client, {"x"}), 1u);
  const RunUntil run(loop, [&] { return pair.server == nullptr; });
}

TEST(Network, NoCallbackAfterDestruction) {
  Loop loop;
  Pair pair(loop);
  pair.server->await_readable();
  pair.server->await_writable();
  EXPECT_EQ(write(*pair.client, {"x"}), 1u);
  pair.server.reset();
  bool done = false;
  loop.post([&] { done = true; });
  const RunUntil run(loop, [&] { return done; });
  EXPECT_EQ(pair.server_events.readable + pair.server_events.writable, 0);
}

TEST(Network, BothEndsKnowTheirAddresses) {
  Loop loop;
  Pair pair(loop);
  EXPECT_EQ(pair.client->peer(), pair.server->local());
  EXPECT_EQ(pair.client->local(), pair.server->peer());
  EXPECT_TRUE(pair.server->peer().is_loopback());
}

TEST(Network, AnAddressInUseIsToldApart) {
  Loop loop;
  TcpNetwork network(loop);
  auto first = network.listen(kAnyPort, [](auto) {});
  ASSERT_TRUE(first);
  EXPECT_NE((*first)->local().port, 0);
  auto second = network.listen((*first)->local(), [](auto) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::already_exists);
}

TEST(Network, AListenerTakesLiteralAddressesOnly) {
  Loop loop;
  TcpNetwork network(loop);
  auto listening = network.listen({"naru.invalid", 1}, [](auto) {});
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, Errc::malformed);
}

TEST(Network, NobodyListensIsAnError) {
  Loop loop;
  TcpNetwork network(loop);
  Endpoint nobody;
  {
    auto gone = network.listen(kAnyPort, [](auto) {});
    nobody = (*gone)->local();
  }
  std::optional<Errc> code;
  network.connect(nobody, [&](Result<std::unique_ptr<Stream>> stream) {
    code = stream ? Errc::ok : stream.error().code;
  });
  const RunUntil run(loop, [&] { return code.has_value(); });
  EXPECT_EQ(code, Errc::io);
}

TEST(Network, NamesAreLookedUpByAWorker) {
  addrinfo* known = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &known) != 0)
    GTEST_SKIP() << "this machine does not know the name localhost";
  ::freeaddrinfo(known);
  Loop loop;
  ThreadPool pool({.name = "test", .thread_count = 1});
  PoolWorkers workers(loop, pool);
  TcpNetwork network(loop, &workers);
  std::unique_ptr<Stream> server;
  std::unique_ptr<Stream> client;
  auto listening = network.listen(
      kAnyPort, [&](std::unique_ptr<Accepted> a) { server = network.adopt(std::move(a)); });
  network.connect({"localhost", (*listening)->local().port},
                  [&](Result<std::unique_ptr<Stream>> stream) {
                    ASSERT_TRUE(stream) << stream.error().what;
                    client = std::move(*stream);
                  });
  const RunUntil run(loop, [&] { return server && client; });
}

// With no descriptor left the listener refuses the peer at once instead of letting it hang, and
// accepts again when descriptors are free. See reliability: fd exhaustion.
TEST(Network, OutOfDescriptorsRefusesAndRecovers) {
  struct Counter final : Logger {
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view) override { ++lines; }
    int lines = 0;
  } log;
  Loop loop;
  TcpNetwork network(loop, nullptr, &log);
  // The sanitizer needs a descriptor to check a type that it sees for the first time.
  static_cast<Logger&>(log).info("before");
  int accepted = 0;
  auto listening = network.listen(kAnyPort, [&](std::unique_ptr<Accepted>) { ++accepted; });
  ASSERT_TRUE(listening);
  std::unique_ptr<Stream> client;
  Recorder events;
  network.connect((*listening)->local(), [&](Result<std::unique_ptr<Stream>> stream) {
    ASSERT_TRUE(stream) << stream.error().what;
    client = std::move(*stream);
    client->set_handler(&events);
    client->await_readable();
  });
  std::vector<Descriptor> hog;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  while (true) {
    Descriptor fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) break;
    hog.push_back(std::move(fd));
  }
  const RunUntil refused(loop, [&] { return events.readable == 1; });
  EXPECT_EQ(accepted, 0);
  std::array<std::uint8_t, 1> byte;
  auto got = client->read_some(byte);
  EXPECT_TRUE(!got || *got == 0) << "the refused connection is closed";
  EXPECT_EQ(log.lines, 2);
  hog.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  std::unique_ptr<Stream> second;
  network.connect((*listening)->local(),
                  [&](Result<std::unique_ptr<Stream>> stream) { second = std::move(*stream); });
  const RunUntil recovered(loop, [&] { return accepted == 1; });
}

}  // namespace
}  // namespace naru::io::asio_impl
