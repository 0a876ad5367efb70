// Records that were handed out and came back. What worries us: memory that they keep although
// nobody has them, an order that is not the queue's, and a flag that does not say that they left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_backlog.h"
#include "core/queue/ready_order.h"

namespace naru::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// Everything is handed out to a consumer, which dies.
void hand_out_and_die(LaneWorld& world, std::uint32_t handle, std::uint64_t last) {
  ASSERT_TRUE(world.consume(1, handle));
  world.run();
  world.cancel(1, handle);
  world.requeue(1, 1, last);
  world.run();
}

TEST(LaneReturned, TheyLeaveMemoryAgain) {
  LaneWorld world = with_backlog(500);
  const LaneMemory before = world.lane->memory();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(500));
  EXPECT_EQ(world.lane->memory().pages_out, 0u);
  world.cancel(1, 1);
  world.requeue(1, 1, 500);
  world.run();
  world.lane->set_memory_pressure(1);
  EXPECT_GE(world.lane->memory().pages_out + 1, before.pages_out);
  EXPECT_LE(world.lane->memory().index_bytes, before.index_bytes + 1024);
}

// Somebody consumed from the start: the log has no pages of them.
TEST(LaneReturned, TheyLeaveMemoryThoughTheyNeverDid) {
  LaneWorld world(small_pages());
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  publish(world, 1, 500);
  EXPECT_THAT(world.take(), SizeIs(500));
  EXPECT_EQ(world.lane->memory().pages, 0u);
  world.cancel(1, 1);
  world.requeue(1, 1, 500);
  world.run();
  EXPECT_GT(world.lane->memory().pages_out, 55u);
  EXPECT_EQ(world.journal->state_now(), world.replayed_state());
  ASSERT_TRUE(world.consume(1, 2));
  world.run();
  const std::vector<Received> again = world.take();
  ASSERT_THAT(again, SizeIs(500));
  for (const Received& it : again) EXPECT_TRUE(it.redelivered) << it.body;
}

// Each chunk has records of both: it stays until the second is gone, too.
TEST(LaneReturned, TheyLeaveMemoryWhenTheLastOfTheirHoldersIsGone) {
  LaneWorld world(small_pages());
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(1, 2));
  publish(world, 1, 500);
  std::vector<std::uint64_t> held[2];
  for (const Received& it : world.take())
    held[it.consumer.handle.value - 1].push_back(it.seq.value);
  ASSERT_GT(held[0].size(), 200u);
  ASSERT_GT(held[1].size(), 200u);
  world.cancel(1, 1);
  world.cancel(1, 2);
  for (const auto& seqs : held) {
    for (const std::uint64_t seq : seqs) world.requeue(1, seq);
    world.run();
  }
  EXPECT_GT(world.lane->memory().pages_out, 55u);
  ASSERT_TRUE(world.consume(1, 3));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 500));
}

TEST(LaneReturned, TheyComeAgainInOrderAndFlagged) {
  LaneWorld world = with_backlog(500);
  for (const std::uint32_t handle : {1u, 2u}) {
    hand_out_and_die(world, handle, 500);
    world.take();
  }
  publish(world, 501, 600);
  ASSERT_TRUE(world.consume(1, 3));
  world.run();
  const std::vector<Received> received = world.take();
  ASSERT_THAT(received, SizeIs(600));
  for (std::size_t at = 0; at < received.size(); ++at) {
    EXPECT_EQ(received[at].body, std::to_string(at + 1));
    EXPECT_EQ(received[at].redelivered, at < 500);
  }
  world.settle(1, 1, 600);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

// Some were acknowledged, some are with somebody else.
TEST(LaneReturned, WhatIsNotTheirsStaysAsItIs) {
  LaneWorld world = with_backlog(500);
  ASSERT_TRUE(world.consume(1, 1, {.priority = 1, .prefetch = 20}));
  world.run();
  const std::vector<Received> kept = world.take();
  ASSERT_THAT(kept, SizeIs(20));
  ASSERT_TRUE(world.consume(1, 2));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(480));
  for (std::uint64_t seq = 30; seq <= 500; seq += 10) world.settle(1, seq);
  world.cancel(1, 1);
  world.cancel(1, 2);
  world.requeue(1, 21, 500);
  world.run();
  EXPECT_GT(world.lane->memory().pages_out, 40u);
  world.requeue(1, 1, 10);
  world.run();
  ASSERT_TRUE(world.consume(1, 3));
  world.run();
  std::vector<std::string> expected = numbers(1, 10);
  for (int i = 21; i <= 500; ++i) {
    if (i % 10 != 0) expected.push_back(std::to_string(i));
  }
  EXPECT_EQ(world.take_bodies(), expected);
  EXPECT_EQ(world.stats(1).unacknowledged, expected.size() + 10);
}

TEST(LaneReturned, WhatIsKnownOfThemIsCountedAndForgotten) {
  Lane::Options options = small_pages();
  options.index_bytes = 1 << 20;
  LaneWorld world = with_backlog(2000, options);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const std::size_t before = world.lane->memory().index_bytes;
  // Every other one: no two of them are neighbours.
  world.cancel(1, 1);
  for (std::uint64_t seq = 1; seq < 2000; seq += 2) world.requeue(1, seq);
  const std::size_t held = world.lane->memory().index_bytes - before;
  EXPECT_GE(held, 1000 * sizeof(SeqRange));
  EXPECT_LE(held, 3 * 1000 * sizeof(SeqRange));
  // In one piece they are one range.
  for (std::uint64_t seq = 2; seq <= 2000; seq += 2) world.settle(1, seq);
  world.take();
  ASSERT_TRUE(world.consume(1, 2));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1000));
  EXPECT_LE(world.lane->memory().index_bytes, before);
}

TEST(ReadyOrder, GoesByTheSeqHoweverTheyComeBack) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  ReadyOrder order;
  for (std::uint64_t seq = 1; seq <= 100; ++seq) index.push(Seq(seq));
  const auto next = [&] {
    Seq seq;
    if (IndexEntry* entry = order.peek(index, seq)) {
      entry->state = RecordState::leased;
      order.pop(seq);
      return seq.value;
    }
    return std::uint64_t{0};
  };
  const auto put_back = [&](std::uint64_t seq) {
    index.find(Seq(seq))->state = RecordState::ready;
    order.put_back(index, Seq(seq));
  };
  for (std::uint64_t seq = 1; seq <= 60; ++seq) ASSERT_EQ(next(), seq);
  for (const std::uint64_t seq : {50U, 51U, 52U, 49U, 7U, 9U, 8U, 10U, 30U}) put_back(seq);
  EXPECT_EQ(next(), 7u);
  for (const std::uint64_t seq : {7U, 5U, 6U}) put_back(seq);
  std::vector<std::uint64_t> previewed;
  order.preview(index, [&](Seq seq, const IndexEntry&) {
    previewed.push_back(seq.value);
    return previewed.size() < 13;
  });
  const std::vector<std::uint64_t> expected{5, 6, 7, 8, 9, 10, 30, 49, 50, 51, 52, 61, 62};
  EXPECT_EQ(previewed, expected);
  order.rewind(index);
  EXPECT_EQ(order.cursor(), Seq(61)) << "most of what is behind it is with somebody";
  for (const std::uint64_t seq : expected) EXPECT_EQ(next(), seq);
  for (std::uint64_t seq = 60; seq >= 20; --seq) put_back(seq);
  order.rewind(index);
  EXPECT_EQ(order.cursor(), Seq(20));
  for (std::uint64_t seq = 20; seq <= 60; ++seq) ASSERT_EQ(next(), seq);
  EXPECT_EQ(next(), 63u);
}

}  // namespace
}  // namespace naru::core
