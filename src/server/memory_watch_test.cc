// What worries us: memory that is short and nobody is told, a sum that drifts from what the shards
// hold, publishers that are never let go on.
#include "server/memory_watch.h"

#include <gtest/gtest.h>

#include "server/test_support.h"

namespace naru::server {
namespace {

using core::MemoryStep;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Does what it is given at once, when it is asked.
class OwnWorkers final : public io::Workers {
 public:
  bool submit(io::Task work, io::Task done) override {
    work();
    done();
    return true;
  }
};

class MemoryWatchTest : public ServerTest {
 protected:
  MemoryWatchTest()
      : watch({&host}, workers, 100 * kMiB,
              {.resident = [this] { return resident; },
               .give_back =
                   [this] {
                     ++given_back;
                     if (resident) *resident -= freed;
                   }},
              [this](MemoryStep step) { steps.push_back(step); }) {}

  OwnWorkers workers;
  std::optional<std::uint64_t> resident = 20 * kMiB;
  std::uint64_t freed = 0;  // what there is to be given back
  int given_back = 0;
  std::vector<MemoryStep> steps;
  MemoryWatch watch;
};

TEST_F(MemoryWatchTest, WhatIsHeldAtTheStartIsTheBase) {
  broker.memory[MemoryTerm::caches] = 5 * kMiB;
  watch.start();
  EXPECT_EQ(watch.base_bytes(), 15 * kMiB);
  EXPECT_EQ(watch.account()[MemoryTerm::caches], 5 * kMiB);
  EXPECT_EQ(watch.step(), MemoryStep::normal);
}

TEST_F(MemoryWatchTest, WhatAStartNeededForAWhileIsNotTheBase) {
  broker.memory[MemoryTerm::caches] = 5 * kMiB;
  resident = 62 * kMiB;
  freed = 40 * kMiB;
  watch.start();
  EXPECT_EQ(given_back, 1);
  EXPECT_EQ(watch.base_bytes(), 17 * kMiB);
}

TEST_F(MemoryWatchTest, ShardReportsWhenItsMemoryGrowsAndEveryoneIsTold) {
  watch.start();
  resident = 92 * kMiB;
  broker.memory[MemoryTerm::bodies] = 72 * kMiB;
  host.run_again();
  loop.post([] {});
  until([&] { return broker.memory_step == MemoryStep::stop; });
  EXPECT_EQ(steps, std::vector{MemoryStep::stop});
  EXPECT_EQ(watch.account()[MemoryTerm::bodies], 72 * kMiB);
  EXPECT_TRUE(log.has("low on memory: 92 MiB of 100 are used; publishers wait"));
  EXPECT_EQ(host.memory_step(), MemoryStep::stop);
}

TEST_F(MemoryWatchTest, ComesBackByItself) {
  watch.start();
  resident = 92 * kMiB;
  loop.post([this] { broker.memory[MemoryTerm::bodies] = 72 * kMiB; });
  until([&] { return broker.memory_step == MemoryStep::stop; });
  resident = 50 * kMiB;
  until([&] { return broker.memory_step == MemoryStep::normal; });
  EXPECT_GT(given_back, 0);
  EXPECT_TRUE(log.has("publishers go on"));
}

TEST_F(MemoryWatchTest, MuchFreedMemoryIsGivenBackThoughMemoryIsNotShort) {
  watch.start();
  loop.post([this] { broker.memory[MemoryTerm::bodies] = 30 * kMiB; });
  resident = 65 * kMiB;
  until([&] { return watch.account()[MemoryTerm::bodies] == 30 * kMiB; });
  EXPECT_EQ(given_back, 0);
  broker.memory[MemoryTerm::bodies] = 0;
  until([&] { return given_back == 1; });
  EXPECT_EQ(watch.step(), MemoryStep::normal);
}

TEST_F(MemoryWatchTest, WhereTheKernelIsSilentTheSumDecides) {
  resident = std::nullopt;
  watch.start();
  loop.post([this] { broker.memory[MemoryTerm::indexes] = 96 * kMiB; });
  until([&] { return broker.memory_step == MemoryStep::refuse; });
}

TEST_F(MemoryWatchTest, ShardWaitsWhenItHoldsMoreThanItWasGranted) {
  watch.start();
  EXPECT_FALSE(broker.publishes_held);
  broker.memory[MemoryTerm::bodies] = 30 * kMiB;
  host.grant_memory(10 * kMiB);
  EXPECT_TRUE(broker.publishes_held);
  loop.post([] {});
  until([&] { return !broker.publishes_held; });  // it asked, and was granted more
  EXPECT_EQ(watch.account()[MemoryTerm::bodies], 30 * kMiB);
}

TEST_F(MemoryWatchTest, ReadsLessAtOnceTheShorterMemoryIs) {
  const std::size_t normal = host.read_bytes_max();
  host.set_memory_step(MemoryStep::slow);
  const std::size_t slow = host.read_bytes_max();
  host.set_memory_step(MemoryStep::stop);
  EXPECT_LT(slow, normal);
  EXPECT_LT(host.read_bytes_max(), slow);
}

}  // namespace
}  // namespace naru::server
