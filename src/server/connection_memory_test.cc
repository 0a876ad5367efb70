// Connections whose memory is counted and shared. What worries us: a count that does not go back,
// somebody who waits for ever, a turn that reads without end.
#include "server/test_support.h"

namespace naru::server {
namespace {

class ConnectionMemoryTest : public ServerTest {
 protected:
  explicit ConnectionMemoryTest(ConnectionLimits with = {}) : ServerTest(with) {}
  std::unique_ptr<TestClient> client(std::string_view first = "") { return connect(at, first); }
  std::uint64_t held(MemoryTerm term) const { return host.memory()[term]; }
  io::Endpoint at = listen({&lines});
};

TEST_F(ConnectionMemoryTest, StrangersAndOthersCountApart) {
  auto one = client("echo a\n");
  expect_received(*one, "a\n");
  EXPECT_GE(held(MemoryTerm::strangers), Connection::kObjectsBytes);
  EXPECT_EQ(held(MemoryTerm::connections), 0u);
  one->send("login\necho b\n");
  expect_received(*one, "a\nb\n");
  EXPECT_EQ(held(MemoryTerm::strangers), 0u);
  EXPECT_GE(held(MemoryTerm::connections), Connection::kObjectsBytes);
  one->send("close\n");
  until([&] { return one->closed; });
  one.reset();
  until([&] { return host.connection_count() == 0; });
  for (const auto term :
       {MemoryTerm::strangers, MemoryTerm::connections, MemoryTerm::input, MemoryTerm::output}) {
    EXPECT_EQ(held(term), 0u) << to_string(term);
  }
}

TEST_F(ConnectionMemoryTest, UnsentOutputCountsUntilItIsTaken) {
  auto one = client("login\n");
  one->reading = false;
  until([&] { return host.connection_count() == 1; });
  one->send("big 20000000\n");
  until([&] { return held(MemoryTerm::output) > 1'000'000; });
  one->reading = true;
  one->on_readable();
  until([&] { return one->received.size() == 20'000'000; });
  until([&] { return held(MemoryTerm::output) == 0; });
}

TEST_F(ConnectionMemoryTest, WhileMemoryIsShortOutputIsCopied) {
  host.set_memory_step(core::MemoryStep::page_out);
  auto one = client("login\nbig 3000000\necho x\n");
  expect_received(*one, std::string(3'000'000, 'b') + "x\n");
}

class LittleRoom : public ConnectionMemoryTest {
 protected:
  LittleRoom()
      : ConnectionMemoryTest({.input_bytes_max = 1'000'000,
                              .input_patience = std::chrono::hours(1),
                              .turn_read_bytes_max = 1000}) {}
};

TEST_F(LittleRoom, IsHadInTurn) {
  auto one = client("login\ntake 900000\n");
  expect_received(*one, "taken\n");
  auto two = client("login\ntake 800000\necho two\n");
  auto three = client("login\ntake 100\necho three\n");
  expect_received(*three, "taken\nthree\n");
  EXPECT_EQ(two->received, "");
  one->send("give\n");
  expect_received(*two, "taken\ntwo\n");
}

TEST_F(LittleRoom, OfWhoeverIsGoneIsFree) {
  auto one = client("login\ntake 900000\n");
  expect_received(*one, "taken\n");
  auto two = client("login\ntake 800000\n");
  until([&] { return host.input_room().waiting() == 1; });
  one.reset();
  expect_received(*two, "taken\n");
  two.reset();
  until([&] { return host.connection_count() == 0; });
  EXPECT_EQ(host.input_room().bytes(), 0u);
}

// It was kept for whoever had been called, for as long as that one stayed away.
TEST_F(LittleRoom, WhoIsCalledAndDoesNotComeLetsTheNextIn) {
  auto one = client("login\ntake 900000\n");
  expect_received(*one, "taken\n");
  auto two = client("login\nbig 60000000\ntake 800000\n");
  two->reading = false;
  until([&] { return host.input_room().waiting() == 1; });
  auto three = client("login\ntake 700000\n");
  until([&] { return host.input_room().waiting() == 2; });
  one->send("give\n");
  expect_received(*three, "taken\n");
  two->reading = true;
  two->on_readable();
  three->send("give\n");
  until([&] { return two->received.ends_with("btaken\n"); });
  EXPECT_EQ(host.input_room().bytes(), 800'000u);
}

TEST_F(LittleRoom, EveryoneIsReadThoughATurnReadsLittle) {
  std::vector<std::unique_ptr<TestClient>> clients;
  const std::string line = "echo " + std::string(900, 'x') + "\n";
  for (int i = 0; i < 10; ++i) clients.push_back(client("login\n" + line + line));
  for (auto& each : clients) until([&] { return each->received.size() == 2 * 901; });
}

TEST_F(LittleRoom, ALargeIncompleteFrameNeedsSome) {
  const std::string line(100'000, 'x');
  auto one = client("login\nframe 500000\necho " + line);
  until([&] { return host.input_room().bytes() == 500'000; });
  auto two = client("login\nframe 600000\necho " + line);
  until([&] { return host.input_room().waiting() == 1; });
  auto three = client("login\nframe 600000\necho small\n");
  expect_received(*three, "small\n");
  one->send("\n");
  until([&] { return one->received.size() == line.size() + 1; });
  until([&] { return host.input_room().bytes() == 600'000; });
  two->send("\n");
  until([&] { return two->received.size() == line.size() + 1; });
  until([&] { return host.input_room().bytes() == 0; });
}

TEST_F(LittleRoom, OfAnIncompleteFrameIsFreeWhenItsConnectionIsGone) {
  auto one = client("login\nframe 500000\n" + std::string(100'000, 'x'));
  until([&] { return host.input_room().bytes() == 500'000; });
  one.reset();
  until([&] { return host.connection_count() == 0; });
  EXPECT_EQ(host.input_room().bytes(), 0u);
}

class LittleLooseInput : public ConnectionMemoryTest {
 protected:
  LittleLooseInput() : ConnectionMemoryTest({.loose_input_bytes_max = 600'000}) {}
};

TEST_F(LittleLooseInput, WhereMuchWaitsUnreadTheNextPiecesAreSmall) {
  std::vector<std::unique_ptr<TestClient>> clients;
  const auto grows_by_one = [&] {
    auto one = client("login\necho a\n");
    expect_received(*one, "a\n");
    const auto before = held(MemoryTerm::input);
    one->send("hold\n" + std::string(400'000, 'x'));
    until([&] { return held(MemoryTerm::input) > before; });
    clients.push_back(std::move(one));
    return held(MemoryTerm::input) - before;
  };
  std::uint64_t least = 0;
  for (const std::size_t piece :
       {ShardHost::kReadBytes, ShardHost::kReadBytes / 8, ShardHost::kReadBytes / 64}) {
    EXPECT_EQ(host.read_bytes_max(), piece);
    do {
      least = grows_by_one();
    } while (host.read_bytes_max() == piece && clients.size() < 60);
  }
  EXPECT_LE(least, ShardHost::kReadBytes / 64);
}

TEST_F(ConnectionMemoryTest, TheShorterMemoryIsTheLessAnUnreadAnswerMayTake) {
  std::size_t before = SIZE_MAX;
  for (int step = 0; step <= 4; ++step) {
    host.set_memory_step(static_cast<core::MemoryStep>(step));
    EXPECT_LT(host.output_high_bytes(), before) << step;
    before = host.output_high_bytes();
  }
  EXPECT_EQ(before, 4096u);
}

class NoPatience : public ConnectionMemoryTest {
 protected:
  NoPatience()
      : ConnectionMemoryTest(
            {.input_bytes_max = 1'000'000, .input_patience = std::chrono::milliseconds(1)}) {}
};

TEST_F(NoPatience, WhoKeepsOthersWaitingHasToGo) {
  auto one = client("login\ntake 900000\n");
  expect_received(*one, "taken\n");
  auto two = client("login\ntake 800000\n");
  expect_received(*two, "taken\n");
  until([&] { return one->closed; });
  EXPECT_TRUE(one->received.contains("kept others waiting for memory")) << one->received;
}

TEST_F(ConnectionMemoryTest, AtTheLimitThereIsAReserveOfConnections) {
  ConnectionSlots slots(1000);
  host.limit(slots);
  auto one = client("login\necho a\n");
  expect_received(*one, "a\n");
  host.set_memory_step(core::MemoryStep::refuse);
  std::vector<std::unique_ptr<TestClient>> more;
  for (int i = 0; i < 100; ++i) {
    more.push_back(client("login\necho b\n"));
    expect_received(*more.back(), "b\n");
  }
  auto too_many = client();
  until([&] { return too_many->closed; });
  more.pop_back();
  until([&] { return host.connection_count() == 100; });
  auto back = client("login\necho c\n");
  expect_received(*back, "c\n");
  host.set_memory_step(core::MemoryStep::stop);
  auto as_ever = client("login\necho d\n");
  expect_received(*as_ever, "d\n");
  more.clear();
  for (auto* each : {&one, &back, &as_ever}) each->reset();
  until([&] { return host.connection_count() == 0; });  // before the slots
}

}  // namespace
}  // namespace naru::server
