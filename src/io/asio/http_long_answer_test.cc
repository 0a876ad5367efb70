// What worries us: an answer that is made faster than it is taken, or not whole and looks so; and
// one that lives on when its peer is gone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/asio/descriptor.h"
#include "io/asio/http_test_support.h"
#include "io/asio/stream.h"

namespace naru::io::asio_impl {
namespace {

/// So many pieces, made in a turn to come; counts how often it is asked, and notes its end.
struct Pieces final : HttpBody {
  struct Seen {
    std::size_t asked = 0;
    bool gone = false;
  };
  Pieces(Loop& its_loop, std::size_t piece_count, std::size_t bytes, Seen& seen_by)
      : loop(its_loop), left(piece_count), piece_bytes(bytes), seen(seen_by) {}
  ~Pieces() override { seen.gone = true; }
  void next(Done done) override {
    ++seen.asked;
    std::string piece;
    if (left != 0) piece.assign(piece_bytes, static_cast<char>('a' + left-- % 26));
    loop.post(
        [done = std::move(done), piece = std::move(piece)]() mutable { done(std::move(piece)); });
  }
  Loop& loop;
  std::size_t left;
  const std::size_t piece_bytes;
  Seen& seen;
};

class LongAnswerTest : public HttpServerTest {
 protected:
  /// Sends a request, and answers "begin" and so many pieces to it.
  void answer(std::string_view request, std::size_t piece_count, std::size_t piece_bytes) {
    handler_.hold = true;
    send(request);
    until([this] { return !handler_.held.empty(); });
    seen_ = {};
    handler_.held[0]({.status = 200,
                      .content_type = "",
                      .headers = {},
                      .body = "begin",
                      .more = std::make_unique<Pieces>(loop_, piece_count, piece_bytes, seen_)});
    handler_.held.clear();
  }
  /// The peer's system holds 64 KiB for it, and no more as it reads on.
  void connect_with_a_small_buffer() {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    const int bytes = 32 << 10;  // which Linux doubles
    ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(at_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    ASSERT_EQ(::fcntl(socket.get(), F_SETFL, O_NONBLOCK), 0);
    stream_ = std::make_unique<TcpStream>(loop_, std::move(socket));
  }
  /// Reads so many bytes of what has arrived, and whatever else is needed for that.
  void take(std::size_t bytes) {
    std::vector<std::uint8_t> buffer(bytes);
    while (bytes != 0) {
      const Result<std::size_t> got = stream_->read_some(MutableByteView(buffer).first(bytes));
      if (got) bytes -= *got;
      settle();
    }
  }
  std::string body() const { return received_.substr(received_.find("\r\n\r\n") + 4); }
  bool has(std::string_view header) const { return received_.contains(header); }
  Pieces::Seen seen_;
};

TEST_F(LongAnswerTest, ItComesInChunks) {
  answer("GET / HTTP/1.1\r\n\r\n", 2, 17);
  until_received("\r\n0\r\n\r\n");
  EXPECT_TRUE(has("Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(has("Content-Length"));
  EXPECT_EQ(body(),
            "5\r\nbegin\r\n11\r\nccccccccccccccccc\r\n11\r\nbbbbbbbbbbbbbbbbb\r\n0\r\n\r\n");
  EXPECT_TRUE(seen_.gone);
  // The connection serves what follows.
  handler_.hold = false;
  received_.clear();
  send("GET /next HTTP/1.1\r\n\r\n");
  until_received("GET /next ");
}

TEST_F(LongAnswerTest, ForAnOldClientItEndsWithTheConnection) {
  answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 2, 3);
  until_ended();
  EXPECT_FALSE(has("Transfer-Encoding"));
  EXPECT_FALSE(has("Content-Length"));
  EXPECT_TRUE(has("Connection: close\r\n"));
  EXPECT_EQ(body(), "begincccbbb");
}

TEST_F(LongAnswerTest, HeadGetsTheHeaderOnlyAndNothingIsMade) {
  answer("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n", 2, 3);
  until_ended();
  EXPECT_TRUE(has("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(body(), "");
  EXPECT_EQ(seen_.asked, 0u);
  EXPECT_TRUE(seen_.gone);
}

TEST_F(LongAnswerTest, ThatIsReadArrivesWhole) {
  answer("GET / HTTP/1.0\r\n\r\n", 300, 256u << 10);
  until_ended();
  EXPECT_EQ(body().size(), 5 + 300 * (256u << 10));
  EXPECT_TRUE(seen_.gone);
  EXPECT_EQ(seen_.asked, 301u);
}

TEST_F(LongAnswerTest, ThatNobodyReadsIsNotMadeAndItsPeerIsLetGo) {
  const std::size_t idle = server_.memory_bytes();
  stream_->set_handler(nullptr);
  answer("GET / HTTP/1.1\r\n\r\n", 1u << 20, 256u << 10);
  std::size_t before = 0;
  do {  // until the sockets' buffers are full
    before = seen_.asked;
    settle();
  } while (seen_.asked != before);
  EXPECT_LT(seen_.asked, 200u);
  EXPECT_LT(server_.memory_bytes(), idle + (300u << 10));
  EXPECT_FALSE(seen_.gone);
  Now later = loop_.now();
  later.mono += std::chrono::seconds(21);
  server_.on_deadline(later);
  EXPECT_TRUE(seen_.gone);
  EXPECT_EQ(server_.connection_count(), 0u);
  EXPECT_EQ(server_.memory_bytes(), 0u);
}

// The kernel says that there is room again only when megabytes were taken.
TEST_F(LongAnswerTest, ThatIsTakenBehindFullBuffersGoesOn) {
  connect_with_a_small_buffer();
  answer("GET / HTTP/1.1\r\n\r\n", 1u << 20, 256u << 10);
  std::size_t before = 0;
  do {
    before = seen_.asked;
    settle();
  } while (seen_.asked != before);
  Now later = loop_.now();
  for (int part = 0; part < 4; ++part) {
    take(128u << 10);
    later.mono += std::chrono::seconds(21);
    server_.on_deadline(later);
    ASSERT_FALSE(seen_.gone) << "in part " << part;
  }
  later.mono += std::chrono::seconds(42);
  server_.on_deadline(later);
  EXPECT_TRUE(seen_.gone) << "it took nothing any more";
}

TEST_F(LongAnswerTest, WhosePeerGoesIsDroppedInTheMiddle) {
  stream_->set_handler(nullptr);
  answer("GET / HTTP/1.1\r\n\r\n", 1u << 20, 256u << 10);
  settle();
  stream_.reset();
  until([this] { return seen_.gone; });
  EXPECT_EQ(server_.connection_count(), 0u);
}

TEST_F(LongAnswerTest, ThatNobodyMakesIsGivenUp) {
  struct Never final : HttpBody {
    void next(Done) override {}
  };
  handler_.hold = true;
  send("GET / HTTP/1.1\r\n\r\n");
  until([this] { return !handler_.held.empty(); });
  handler_.held[0]({.status = 200,
                    .content_type = "",
                    .headers = {},
                    .body = "begin",
                    .more = std::make_unique<Never>()});
  until_received("begin");
  Now later = loop_.now();
  later.mono += std::chrono::seconds(21);
  server_.on_deadline(later);
  until_ended();
  EXPECT_FALSE(received_.ends_with("0\r\n\r\n")) << "it is not whole";
}

/// A body of 16 MiB, of which half is taken before its first deadline comes.
class PacedAnswerTest : public HttpServerTest {
 protected:
  static constexpr std::size_t kBytes = 16u << 20;

  explicit PacedAnswerTest(HttpLimits limits = {}) : HttpServerTest(limits) {
    handler_.appendix.assign(kBytes, 'a');
    send("GET / HTTP/1.0\r\n\r\n");
    until_received("aaa");
    server_.on_deadline(loop_.now());  // looks anew when the first one is
    Now first = loop_.now();
    first.mono = server_.next_deadline();
    until([this] { return received_.size() > kBytes / 2; });
    server_.on_deadline(first);
    until_ended();
  }
};
class SlowlyTakenAnswerTest : public PacedAnswerTest {
 protected:
  SlowlyTakenAnswerTest() : PacedAnswerTest({.write_bytes_min = 1u << 30}) {}
};

TEST_F(PacedAnswerTest, WhoTakesEnoughGetsItsTimeAnew) {
  EXPECT_GT(received_.size(), kBytes);
}

TEST_F(SlowlyTakenAnswerTest, WhoTakesALittleNowAndThenIsLetGo) {
  EXPECT_LT(received_.size(), kBytes);
}

}  // namespace
}  // namespace naru::io::asio_impl
