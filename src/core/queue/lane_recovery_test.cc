// What a lane is after a crash. What worries us: a confirmed record that is gone, a settled one
// that comes back, one that somebody may have seen and that looks new, half a transaction.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LaneRecovery, CommittedRecordsAreThereInTheirOrder) {
  LaneWorld world;
  world.queue(1);
  for (int i = 0; i < 5; ++i) world.publish(1, std::to_string(i));
  world.publish_transient(1, "memory");
  world.run();
  world.publish(1, "never committed");
  world.flush();
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 5u);
  EXPECT_EQ(world.journal->live_bodies(), 5);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(LaneRecovery, WrittenButUnacknowledgedEntryMayCount) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.flush();
  world.crash(1);
  EXPECT_EQ(world.stats(1).ready, 1u);
}

TEST(LaneRecovery, CommittedSettleIsFinal) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  for (int i = 0; i < 6; ++i) world.publish(1, std::to_string(i));
  world.run();
  world.settle(1, 2, 3);
  world.settle(1, 6);
  world.run();
  world.settle(1, 1);
  world.flush();  // on its way when the power goes
  world.crash();
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(3));
  EXPECT_EQ(received[0].body, "0") << "its settle was not committed";
  EXPECT_EQ(received[1].body, "3");
  EXPECT_EQ(received[2].body, "4");
  for (const Received& it : received) EXPECT_TRUE(it.redelivered);
}

TEST(LaneRecovery, SeqThatMayHaveBeenSeenIsNotUsedAgain) {
  // Entry: Enqueue 1 and the mark; then memory records with higher seqs are lost.
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  for (int i = 0; i < 5; ++i) world.publish(1, "x");
  world.run();
  world.crash();
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "new");
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].seq, Seq(6));
  EXPECT_FALSE(received[0].redelivered);
}

TEST(LaneRecovery, SnapshotReplacesTheEntriesItCovers) {
  LaneWorld world;
  world.queue(1);
  world.queue(2);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 3}));
  for (int i = 0; i < 1000; ++i)
    world.publish_to({1, 2},
                     {std::to_string(i), true, i % 2 == 0 ? 0 : world.now.wall_ms + 60'000});
  world.run();
  world.settle(1, 1);
  world.run();
  world.requeue(1, 3);
  world.run();
  world.settle(1, 2);
  world.flush();  // staged and not committed: the snapshot still has it
  const QueueStats before = world.stats(2);
  world.journal->save_snapshot();
  ASSERT_TRUE(world.journal->has_snapshot());
  world.journal->commit();
  world.crash();
  EXPECT_EQ(world.stats(2).ready_bytes, before.ready_bytes);
  EXPECT_EQ(world.stats(2).persistent, before.persistent);
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_EQ(world.take_bodies().front(), "2") << "1 and 2 are settled, before and after it";
}

TEST(LaneRecovery, EmptyQueueKeepsItsPlaceInASnapshot) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  for (int i = 0; i < 3; ++i) world.publish(1, "x");
  world.run();
  world.settle(1, 1, 3);
  world.run();
  world.journal->save_snapshot();
  world.crash();
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "next");
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].seq, Seq(4));
  EXPECT_FALSE(received[0].redelivered);
}

TEST(LaneRecovery, OnlyWhatIsLiveSurvivesItsFile) {
  LaneWorld world;
  world.queue(1);
  world.queue(2);
  world.publish_to({1, 2}, {"both"});
  world.publish(1, "first");
  world.publish(2, "second");
  world.run();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.settle(1, 1, 2);
  world.run();
  const auto& entry = world.journal->disk().entries.at(1);  // behind the start of the term
  std::vector<Piece> pieces;
  world.lane->survivors(entry.payload.view, entry.location, false, pieces);
  ASSERT_THAT(pieces, SizeIs(2)) << "one queue still has the first, nobody the second";
  for (const Piece& piece : pieces) {
    BodyLocation moved = entry.location;
    moved.offset += piece.offset;
    std::vector<Piece> again;
    world.lane->survivors(entry.payload.view.subspan(piece.offset, piece.bytes), moved, true,
                          again);
    EXPECT_THAT(again, ElementsAre(Piece{0, piece.bytes})) << "a piece can be judged again";
    moved.offset += 4;
    again.clear();
    world.lane->survivors(entry.payload.view.subspan(piece.offset, piece.bytes), moved, true,
                          again);
    EXPECT_THAT(again, IsEmpty()) << "another record once had this place in the queue";
  }
}

TEST(LaneRecovery, QueuesThatAreGoneAreForgotten) {
  LaneWorld world;
  world.queue(1);
  world.queue(2);
  world.publish_to({1, 2}, {"a"});
  world.run();
  world.journal->save_snapshot();
  world.delete_queue(2);
  world.crash();  // the deletion was committed in metadata, QueueClosed was not
  EXPECT_EQ(world.journal->live_bodies(), 1);
  EXPECT_EQ(world.stats(1).ready, 1u);
}

TEST(LaneRecovery, DamagedOrNewerSnapshotIsRefused) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.run();
  world.journal->save_snapshot();
  auto state = world.journal->disk().snapshot->state;
  LaneWorld fresh;
  fresh.queue(1);
  auto newer = state;
  newer[0] = 4;
  EXPECT_EQ(fresh.lane->install(Index(1), newer).error().code, Errc::version);
  for (std::size_t bytes = 1; bytes < state.size(); ++bytes) {
    LaneWorld other;
    other.queue(1);
    EXPECT_EQ(other.lane->install(Index(1), ByteView(state).first(bytes)).error().code,
              Errc::corrupt)
        << bytes;
  }
}

/// Queue 1 as a snapshot has it, or a part of it, with one record.
struct QueuePart {
  std::uint64_t as_of = 0;
  std::uint64_t from = 1;
  std::uint8_t flags = 0;
  std::uint64_t next_seq = 2;
  std::uint64_t delivered = 1;
  std::uint64_t seq = 1;
  std::uint64_t file_step = 2;

  std::string section() const {
    ByteBuffer content;
    content.u8(1);
    content.varint(1);
    content.varint(as_of);
    content.varint(from);
    content.u8(flags);
    for (const std::uint64_t number : {next_seq, delivered, std::uint64_t{0}, std::uint64_t{1}, seq,
                                       file_step, std::uint64_t{16}, std::uint64_t{30}}) {
      content.varint(number);
    }
    content.u8(0);
    ByteBuffer out;
    out.le32(static_cast<std::uint32_t>(content.size()));
    out.append(content.view());
    return std::string(as_text(out.view()));
  }
};

TEST(LaneRecovery, SnapshotThatCannotBeIsRefused) {
  const std::string end{1, 0, 0, 0, 0};
  const auto install = [&](const std::string& sections) {
    LaneWorld world;
    world.queue(1);
    return world.lane->install(Index(1), as_bytes('\3' + sections));
  };
  const std::string good = QueuePart{}.section();
  const std::string first = QueuePart{.flags = 1}.section();
  const std::string second = QueuePart{.as_of = 1, .from = 2, .next_seq = 3, .seq = 2}.section();
  EXPECT_TRUE(install(good + end));
  EXPECT_TRUE(install(first + second + end));
  EXPECT_EQ(install(good + std::string{1, 0, 0, 0, 99} + end).error().code, Errc::version);
  const std::uint64_t beyond = std::uint64_t{1} << 62;
  for (const std::string& sections : {
           good,               // the end is missing
           good + end + end,   // or in the middle
           good + good + end,  // one queue twice
           first + end,        // the rest is missing
           second + end,       // or the beginning
           first + QueuePart{.as_of = 1}.section() + good + end, first + first + good + end + end,
           QueuePart{.as_of = 1, .flags = 1}.section() + QueuePart{.from = 2}.section() + end,
           QueuePart{.flags = 2}.section() + end,                   // an unknown flag
           QueuePart{.from = 0}.section() + end,                    // no seq
           QueuePart{.as_of = UINT64_MAX}.section() + end,          // an index beyond all
           QueuePart{.next_seq = beyond}.section() + end,           // a seq beyond all
           QueuePart{.delivered = beyond}.section() + end,          // a watermark beyond all
           QueuePart{.file_step = UINT64_MAX - 1}.section() + end,  // a file beyond all
           QueuePart{.file_step = 3}.section() + end,               // a file before the first
       }) {
    const auto installed = install(sections);
    ASSERT_FALSE(installed) << testing::PrintToString(sections);
    EXPECT_EQ(installed.error().code, Errc::corrupt);
  }
}

TEST(LaneRecovery, SnapshotOfTheVersionBeforeIsRead) {
  const std::string section = QueuePart{.next_seq = 8}.section();
  const std::string behind_from = section.substr(9);  // length, kind, queue, as of, from, flags
  const std::string bytes{static_cast<char>(behind_from.size() + 1), 0, 0, 0};
  const std::string queue = bytes + '\1' + behind_from;
  LaneWorld world;
  world.queue(1);
  EXPECT_TRUE(world.lane->install(Index(5), as_bytes(std::string{2, 1} + queue)));
  EXPECT_EQ(world.stats(1).ready, 1u);
  for (const std::string& bad :
       {std::string{2, 2} + queue, std::string{2, 2} + queue + queue, std::string{2, 0} + queue}) {
    LaneWorld other;
    other.queue(1);
    EXPECT_FALSE(other.lane->install(Index(5), as_bytes(bad)));
  }
}

TEST(LaneRecovery, AtomicRunIsAppliedWholeOrNotAtAll) {
  for (std::size_t torn = 0; torn <= 6; ++torn) {
    LaneWorld world;
    world.journal->bytes_max = 1000;
    world.queue(1);
    ASSERT_TRUE(world.consume(1, 1));
    world.publish(1, "to be settled");
    world.run();
    world.publish(1, "before");
    world.lane->atomic_begin();
    for (int i = 0; i < 5; ++i) world.publish(1, std::string(500, 'x'));
    world.settle(1, 1);
    world.lane->atomic_end();
    world.flush();
    const std::size_t entries = world.journal->uncommitted();
    ASSERT_EQ(entries, 6u);
    world.crash(torn);
    if (torn == 6) {
      EXPECT_EQ(world.stats(1).ready, 6u);
    } else {
      EXPECT_EQ(world.stats(1).ready, torn == 0 ? 1u : 2u) << torn;
    }
    // The rest of a run that was not finished does not become part of what follows.
    world.publish(1, "after");
    world.run();
    const auto ready = world.stats(1).ready;
    world.crash();
    EXPECT_EQ(world.stats(1).ready, ready);
  }
}

TEST(LaneRecovery, AtomicRunIsVisibleAtOnceWhenCommitted) {
  LaneWorld world;
  world.journal->bytes_max = 1000;
  world.queue(1);
  world.lane->atomic_begin();
  for (int i = 0; i < 5; ++i) world.publish(1, std::string(500, 'x'));
  world.lane->atomic_end();
  world.flush();
  world.journal->commit(4);
  EXPECT_EQ(world.stats(1).pending, 5u);
  EXPECT_THAT(world.sink->published, IsEmpty());
  world.journal->commit(1);
  EXPECT_EQ(world.stats(1).pending, 0u);
  EXPECT_THAT(world.sink->published, SizeIs(1));
}

TEST(LaneRecovery, NothingHappensBeforeTheLaneIsOwner) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  world.take();
  world.lane->on_role(Role::follower, Term(2));
  world.requeue(1, 1);
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty());
  world.lane->on_role(Role::owner, Term(3));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1));
}

}  // namespace
}  // namespace naru::core
