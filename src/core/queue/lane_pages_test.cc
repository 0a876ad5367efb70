// An index that is larger than memory. What worries us: a record that is lost or comes out of order
// because its place was left to the log, memory that grows with the backlog, and pages that
// are read although nobody needs them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/index_page.h"
#include "core/queue/lane_backlog.h"
#include "core/queue/lane_facts.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LanePages, BacklogCostsLittleMemory) {
  Lane::Options options;
  options.index_bytes = 256 << 10;
  LaneWorld world(options);
  world.queue(1);
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 500; ++i) world.publish(1, "x");
    world.run();
  }
  EXPECT_EQ(world.stats(1).ready, 100'000u);
  world.lane->set_memory_pressure(0);
  // The budget, spare chunks, and what stays of the pages.
  EXPECT_LE(world.lane->memory().index_bytes, (256u << 10) + (1u << 20) + 200 * 128);
}

TEST(LanePages, EverythingComesBackInOrder) {
  LaneWorld world = with_backlog(500);
  EXPECT_GT(world.lane->memory().pages_out, 40u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 500));
  EXPECT_EQ(world.lane->memory().pages_out, 0u);
  world.settle(1, 1, 500);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LanePages, SteadyQueueLogsNoPages) {
  Lane::Options options;
  options.index_bytes = 0;
  LaneWorld world(options);
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 100; ++i) world.publish(1, "x");
    world.run();
  }
  EXPECT_EQ(world.lane->memory().pages, 0u);
  EXPECT_EQ(world.journal->bodies_asked, 0u);
}

TEST(LanePages, QueueWithinTheBudgetStaysInMemory) {
  Lane::Options options = small_pages();
  options.index_bytes = 1 << 20;
  LaneWorld world = with_backlog(5000, options);
  EXPECT_EQ(world.lane->memory().pages, 0u);
}

TEST(LanePages, PressureSpillsQueuesThatDoNotGrow) {
  Lane::Options options = small_pages();
  options.index_bytes = 200'000;
  LaneWorld world = with_backlog(5000, options);
  EXPECT_EQ(world.lane->memory().pages, 0u);
  world.lane->set_memory_pressure(2);
  world.run();
  EXPECT_GT(world.lane->memory().pages_out, 300u);
  // The rest is what stays of pages, which are small ones here, and spare chunks.
  const std::size_t page_bytes = sizeof(IndexPage) + sizeof(IndexPage::File);
  EXPECT_LE(world.lane->memory().index_bytes - world.lane->memory().pages * page_bytes,
            200'000u / 16 + 64 * (8 * sizeof(IndexEntry) + sizeof(IndexChunk)));
}

TEST(LanePages, ConsumedQueueDoesNotPayForOneThatIsNot) {
  Lane::Options options = small_pages();
  options.index_bytes = 60'000;
  LaneWorld world(options);
  world.queue(1);
  world.queue(2);
  publish(world, 1, 5000);
  ASSERT_TRUE(world.consume(2, 1, {.prefetch = 10}));
  std::uint64_t settled = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 10; ++i) world.publish(2, "x");
    // A hundred behind, and not more.
    for (; round >= 10 && settled < 10u * static_cast<unsigned>(round - 9); ++settled)
      world.settle(2, settled + 1);
    world.run();
  }
  std::size_t pages = 0;
  for (const auto& stored : world.journal->disk().entries) {
    if (stored.type != EntryType::records) continue;
    FactReader reader(stored.payload.view);
    for (Fact fact; reader.next(fact);) {
      if (fact.type == FactType::page && fact.queue == QueueId(2)) ++pages;
    }
  }
  EXPECT_EQ(pages, 0u);
}

// Of each of many queues that grow together, a file of the log has but a few records.
TEST(LanePages, PagesSpanTheFilesThatQueuesShare) {
  LaneWorld world(small_pages());
  constexpr std::uint64_t kQueues = 20;
  for (std::uint64_t queue = 1; queue <= kQueues; ++queue) world.queue(queue);
  for (int i = 1; i <= 100; ++i) {
    for (std::uint64_t queue = 1; queue <= kQueues; ++queue) {
      world.publish(queue, std::to_string(i));
      world.run();
    }
  }
  EXPECT_GT(world.lane->memory().pages_out, 10 * kQueues);
  world.journal->save_snapshot();
  world.journal->caches = false;
  ASSERT_TRUE(world.consume(7, 1));
  world.settle(7, 1, 3);
  world.run();
  world.crash();
  EXPECT_EQ(world.stats(7).ready, 100u);
  ASSERT_TRUE(world.consume(7, 1));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 100));
  for (std::uint64_t queue = 1; queue <= kQueues; ++queue) world.lane->purge(QueueId(queue));
  world.settle(7, 1, 100);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LanePages, NothingIsReadBeforeSomebodyConsumes) {
  LaneWorld world = with_backlog(500);
  world.journal->save_snapshot();
  world.crash();
  world.run();
  EXPECT_EQ(world.journal->bodies_asked, 0u);
  EXPECT_EQ(world.stats(1).ready, 500u);
  EXPECT_GT(world.lane->memory().pages_out, 40u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 500));
}

TEST(LanePages, SnapshotListsPagesAndNotTheirRecords) {
  LaneWorld few = with_backlog(200);
  LaneWorld many = with_backlog(2000);
  const std::size_t pages = many.lane->memory().pages - few.lane->memory().pages;
  EXPECT_GT(pages, 200u);
  EXPECT_LE(many.journal->state_now().size() - few.journal->state_now().size(), 20 * pages);
}

TEST(LanePages, SettledRecordsOfAPageStayAwayAfterACrash) {
  LaneWorld world = with_backlog(200);
  world.journal->save_snapshot();  // the ends below are replayed on pages that are not in memory
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.take();
  world.settle(1, 1, 50);
  world.settle(1, 53);
  world.settle(1, 61, 64);
  world.run();
  world.crash();
  world.journal->caches = false;
  EXPECT_EQ(world.stats(1).ready, 145u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  std::vector<std::string> left = numbers(51, 52);
  for (const auto& some : {numbers(54, 60), numbers(65, 200)})
    left.insert(left.end(), some.begin(), some.end());
  EXPECT_EQ(world.take_bodies(), left);
  EXPECT_EQ(world.stats(1).unacknowledged, 145u);
  world.settle(1, 51, 200);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.stats(1).ready_bytes, 0u);
  EXPECT_EQ(world.stats(1).persistent, 0u);
}

TEST(LanePages, PageWhoseRecordsLeftBeforeItWasCommittedIsForgotten) {
  LaneWorld world(small_pages());
  world.queue(1);
  for (int i = 1; i <= 60; ++i) world.publish(1, std::to_string(i));
  world.flush();
  world.journal->commit();
  world.flush();  // pages are on their way
  const std::size_t pages = world.journal->uncommitted();
  ASSERT_GT(pages, 0u);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 60u);
  world.run();
  EXPECT_EQ(world.lane->memory().pages, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LanePages, RecordsThatLeftWhileTheirPageWasOnItsWayStayInMemory) {
  LaneWorld world(small_pages());
  world.queue(1);
  for (int i = 1; i <= 60; ++i) world.publish(1, std::to_string(i));
  world.flush();
  world.journal->commit(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 40}));
  world.flush();  // the watermark and the pages
  world.flush();
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 40));
  world.requeue(1, 1, 40);
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 40));
  EXPECT_EQ(world.journal->state_now(), world.replayed_state());
}

TEST(LanePages, WhatNobodyTookIsNotForgottenWithItsPage) {
  LaneWorld world(small_pages());
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  for (int i = 1; i <= 100; ++i) world.publish(1, std::to_string(i));
  world.flush();
  world.journal->commit();
  world.flush();
  ASSERT_EQ(world.journal->uncommitted(), 1u) << "pages";
  // One consumer gets a record and cancels the other, who was to get all the rest.
  ASSERT_TRUE(world.consume(1, 2, {.prefetch = 1}));
  ASSERT_TRUE(world.consume(1, 3));
  world.sink->during_deliveries = [&] { world.cancel(1, 3); };
  world.flush();
  EXPECT_EQ(world.take_bodies(), numbers(1, 2));
  world.run();
  ASSERT_TRUE(world.consume(1, 4));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(3, 100));
}

TEST(LanePages, PurgeReadsNothing) {
  LaneWorld world = with_backlog(500);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 500u);
  EXPECT_EQ(world.stats(1).ready, 0u);
  world.flush();
  EXPECT_LE(world.journal->appended_bytes / world.journal->appends, 10'000u);
  world.run();
  EXPECT_EQ(world.journal->bodies_asked, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.lane->memory().pages, 0u);
  publish(world, 501, 503);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(501, 503));
}

TEST(LanePages, PurgedWhileItIsReadStaysPurged) {
  LaneWorld world = with_backlog(500);
  world.journal->save_snapshot();
  world.crash();
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 6}));
  world.flush();
  world.journal->commit();
  world.flush();
  EXPECT_THAT(world.take(), SizeIs(6));
  ASSERT_EQ(world.journal->reads_pending(), 1u);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 494u);
  world.run();
  world.settle(1, 1, 6);
  world.run();
  EXPECT_THAT(world.take(), IsEmpty());
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LanePages, DeletedQueueLetsGoOfItsPages) {
  LaneWorld world = with_backlog(500);
  world.delete_queue(1);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.lane->memory().pages, 0u);
  EXPECT_EQ(world.journal->bodies_asked, 0u);
}

TEST(LanePages, PagesThatExpiredAsAWholeAreNotRead) {
  LaneWorld world(small_pages());
  world.queue(1);
  publish(world, 1, 300, world.now.wall_ms + 1000);
  publish(world, 301, 303);
  world.advance(2000);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 3u);
  EXPECT_EQ(world.journal->bodies_asked, 0u);
}

TEST(LanePages, PageIsReadWhenItsHeadMayExpire) {
  LaneWorld world(small_pages());
  world.queue(1);
  publish(world, 1, 48, world.now.wall_ms + 1000);
  for (int i = 49; i <= 150; ++i)
    world.publish_to({1}, {std::to_string(i), true, i < 53 ? world.now.wall_ms + 1000 : 0});
  world.run();
  world.advance(2000);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 98u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(53, 150));
}

TEST(LanePages, GetReadsThePageOfItsRecord) {
  LaneWorld world = with_backlog(500);
  world.journal->save_snapshot();
  world.crash();
  world.get(1);
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  EXPECT_EQ(world.sink->got[0].delivery->body, "1");
  EXPECT_EQ(world.sink->got[0].ready_after, 499u);
  EXPECT_LE(world.journal->bodies_asked, 4u);
}

TEST(LanePages, LoadedPagesGoAgainWhenNobodyConsumes) {
  LaneWorld world = with_backlog(2000);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 300}));
  world.run();
  world.take();
  const std::size_t out = world.lane->memory().pages_out;
  world.cancel(1, 1);
  world.requeue(1, 1, 300);
  world.run();
  EXPECT_GE(world.lane->memory().pages_out, out);
  ASSERT_TRUE(world.consume(1, 2));
  world.run();
  EXPECT_EQ(world.take_bodies(), numbers(1, 2000));
}

TEST(LanePages, AttemptsOfAPageSurvive) {
  LaneWorld world = with_backlog(500);
  world.journal->save_snapshot();
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 100}));
  world.run();
  world.requeue(1, 60, 70);
  world.cancel(1, 1);
  world.run();
  const auto state = world.journal->state_now();
  world.crash();
  EXPECT_EQ(world.journal->state_now(), state) << "replayed on pages that are not in memory";
}

TEST(LanePages, OneOldRecordKeepsItsPageAndNoOther) {
  LaneWorld world = with_backlog(500);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.settle(1, 1, 100);
  world.settle(1, 102, 500);
  world.run();
  EXPECT_EQ(world.lane->memory().pages, 1u);
  EXPECT_EQ(world.journal->live_bodies(), 2) << "the record and its page";
  world.journal->save_snapshot();
  world.journal->retire_files(1000);
  world.crash();
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("101"));
}

}  // namespace
}  // namespace naru::core
