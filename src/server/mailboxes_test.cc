// What worries us: items lost or out of order between threads, a receiver that is not woken.
#include "server/mailboxes.h"

#include <gtest/gtest.h>

#include "io/asio/test_support.h"
#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"

namespace naru::server {
namespace {

using io::asio_impl::Loop;
using io::asio_impl::RunUntil;

const core::ShardId kZero(0);
const core::ShardId kOne(1);

TEST(Mailboxes, ABatchArrivesWholeAfterTheFlush) {
  Loop loop;
  std::vector<std::vector<int>> received;
  Mailboxes<int> mailboxes(2);
  mailboxes.attach(kOne, loop, [&](std::vector<int>& items) { received.push_back(items); });
  mailboxes.send(kZero, kOne, 1);
  mailboxes.send(kZero, kOne, 2);
  bool turn_over = false;
  loop.post([&] { turn_over = true; });
  const RunUntil before(loop, [&] { return turn_over; });
  EXPECT_TRUE(received.empty()) << "kept until the sender's turn ends";
  mailboxes.flush(kZero);
  mailboxes.send(kZero, kOne, 3);
  mailboxes.flush(kZero);  // before the receiver looked: joins the first batch
  const RunUntil after(loop, [&] { return !received.empty(); });
  EXPECT_EQ(received, (std::vector<std::vector<int>>{{1, 2, 3}}));
}

TEST(Mailboxes, NothingIsLostOrReorderedBetweenThreads) {
  constexpr int kItems = 100'000;
  Loop sender;
  Loop receiver;
  Mailboxes<std::unique_ptr<int>> mailboxes(2);
  int expected = 0;
  bool ordered = true;
  mailboxes.attach(kOne, receiver, [&](std::vector<std::unique_ptr<int>>& items) {
    for (const auto& item : items) ordered = ordered && *item == expected++;
    if (expected == kItems) receiver.stop();
  });
  io::asio_impl::ThreadPool pool({.name = "test", .thread_count = 1});
  io::asio_impl::PoolWorkers workers(sender, pool);
  bool joined = false;
  ASSERT_TRUE(workers.submit([&] { receiver.run(); }, [&] { joined = true; }));
  for (int i = 0; i < kItems; ++i) {
    mailboxes.send(kZero, kOne, std::make_unique<int>(i));
    if (i % 7 == 0) mailboxes.flush(kZero);
  }
  mailboxes.flush(kZero);
  const RunUntil run(sender, [&] { return joined; });
  EXPECT_EQ(expected, kItems);
  EXPECT_TRUE(ordered);
}

}  // namespace
}  // namespace naru::server
