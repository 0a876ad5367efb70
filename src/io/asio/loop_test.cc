// What worries us: work that arrives while the loop falls asleep must wake it; a turn must end
// although its work begets work; the timer must not be lost when it is moved.
#include "io/asio/loop.h"

#include <thread>
#include <vector>

#include "io/asio/test_support.h"

namespace naru::io::asio_impl {
namespace {

TEST(Loop, PostedTasksRunInOrder) {
  Loop loop;
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) loop.post([&seen, i] { seen.push_back(i); });
  const RunUntil run(loop, [&] { return seen.size() == 3; });
  EXPECT_EQ(seen, (std::vector{0, 1, 2}));
}

TEST(Loop, ATaskPostedByATaskWaitsForTheNextTurn) {
  struct Client final : LoopClient {
    void on_deadline(const Now&) override {}
    void on_turn_end(const Now&) override {
      ran_by_turn.push_back(ran);
      if (ran == 2) loop->stop();
    }
    Loop* loop = nullptr;
    int ran = 0;
    std::vector<int> ran_by_turn;
  } client;
  Loop loop;
  client.loop = &loop;
  loop.set_client(&client);
  loop.post([&] {
    ++client.ran;
    loop.post([&] { ++client.ran; });
  });
  loop.run();
  EXPECT_EQ(client.ran_by_turn, (std::vector{1, 2}));
}

TEST(Loop, PostsFromOtherThreadsAreNeverLost) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 20'000;
  Loop loop;
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTasks; ++i) loop.post([&ran] { ++ran; });
    });
  }
  const RunUntil run(loop, [&] { return ran == kThreads * kTasks; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kTasks);
}

// Each post comes when the loop has nothing to do, so each needs its own wake-up.
TEST(Loop, ASleepingLoopIsWokenByEachPost) {
  constexpr int kRounds = 2'000;
  Loop ping;
  Loop pong;
  int rounds = 0;
  std::function<void()> back = [&] {
    if (++rounds == kRounds) {
      pong.stop();
    } else {
      pong.post([&] { ping.post(back); });
    }
  };
  std::thread thread([&] { pong.run(); });
  pong.post([&] { ping.post(back); });
  const RunUntil run(ping, [&] { return rounds == kRounds; });
  thread.join();
}

TEST(Loop, StopFromAnotherThreadEndsRun) {
  Loop loop;
  std::thread thread([&] { loop.stop(); });
  loop.run();
  thread.join();
}

class DeadlineClient final : public LoopClient {
 public:
  explicit DeadlineClient(Loop& loop) : loop_(loop) { loop.set_client(this); }
  void on_deadline(const Now& now) override {
    fired_at = now.mono;
    loop_.stop();
  }
  void on_turn_end(const Now&) override {}
  TimePoint fired_at{};

 private:
  Loop& loop_;
};

TEST(Loop, TheDeadlineIsNeverCalledEarly) {
  Loop loop;
  DeadlineClient client(loop);
  const TimePoint at = loop.now().mono + std::chrono::milliseconds(5);
  loop.set_deadline(at);
  loop.run();
  EXPECT_GE(client.fired_at, at);
}

TEST(Loop, ADeadlineMovedLaterFiresAtTheLaterTime) {
  Loop loop;
  DeadlineClient client(loop);
  loop.set_deadline(loop.now().mono + std::chrono::milliseconds(2));
  const TimePoint at = loop.now().mono + std::chrono::milliseconds(10);
  loop.set_deadline(at);
  loop.run();
  EXPECT_GE(client.fired_at, at);
}

TEST(Loop, ADeadlineMovedEarlierFires) {
  Loop loop;
  DeadlineClient client(loop);
  loop.set_deadline(loop.now().mono + std::chrono::hours(1));
  loop.set_deadline(loop.now().mono + std::chrono::milliseconds(2));
  loop.run();
  EXPECT_NE(client.fired_at, TimePoint{});
}

TEST(Loop, APastDeadlineFiresInTheNextTurn) {
  Loop loop;
  DeadlineClient client(loop);
  loop.set_deadline(TimePoint{});
  loop.run();
  EXPECT_NE(client.fired_at, TimePoint{});
}

}  // namespace
}  // namespace naru::io::asio_impl
