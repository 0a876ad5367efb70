// What worries us: background work that runs on the loop, a bound that is not one.
#include "io/asio/workers.h"

#include <future>
#include <thread>

#include "io/asio/test_support.h"

namespace naru::io::asio_impl {
namespace {

TEST(Workers, WorkRunsElsewhereAndDoneRunsHere) {
  Loop loop;
  ThreadPool pool({.name = "test", .thread_count = 1});
  PoolWorkers workers(loop, pool);
  std::thread::id worked;
  std::thread::id done;
  ASSERT_TRUE(workers.submit([&] { worked = std::this_thread::get_id(); },
                             [&] { done = std::this_thread::get_id(); }));
  const RunUntil run(loop, [&] { return done != std::thread::id{}; });
  EXPECT_EQ(done, std::this_thread::get_id());
  EXPECT_NE(worked, done);
}

TEST(Workers, PastTheBoundWorkIsRefused) {
  Loop loop;
  std::promise<void> gate;
  std::promise<void> entered;
  int done = 0;
  ThreadPool pool({.name = "test", .thread_count = 1, .queued_max = 2});
  PoolWorkers workers(loop, pool);
  ASSERT_TRUE(workers.submit(
      [&] {
        entered.set_value();
        gate.get_future().wait();
      },
      [&] { ++done; }));
  entered.get_future().wait();  // the one thread is busy now, the queue empty
  EXPECT_TRUE(workers.submit([] {}, [&] { ++done; }));
  EXPECT_TRUE(workers.submit([] {}, [&] { ++done; }));
  EXPECT_FALSE(workers.submit([] {}, [&] { ++done; }));
  gate.set_value();
  const RunUntil run(loop, [&] { return done == 3; });
}

TEST(ThreadPool, DestructionRunsWhatIsQueued) {
  Loop loop;
  std::atomic<int> ran = 0;
  {
    ThreadPool pool({.name = "test", .thread_count = 2});
    PoolWorkers workers(loop, pool);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(workers.submit([&] { ++ran; }, [] {}));
  }
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace naru::io::asio_impl
