// Large bodies and snapshots that are made over several turns. What worries us: a queue that is
// ahead of the snapshot's index, and names a chain that is not; one that is counted twice, or never
// let go of.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "core/queue/lane_facts.h"
#include "core/queue/lane_fixture.h"
#include "core/queue/lane_snapshot.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kFragmentBytes = 100;
/// About so many bytes: what is said of a few chains, or records.
constexpr std::size_t kPiece = 100;

std::string large(std::size_t fragments, char letter = 'l') {
  return std::string(fragments * kFragmentBytes, letter);
}

/// Queues 1 and 2; the first is long, so that a snapshot takes many pieces before it is at the
/// second.
LaneWorld world_with_a_long_queue() {
  Lane::Options options;
  options.fragment_bytes = kFragmentBytes;
  LaneWorld world(options);
  world.queue(1);
  world.queue(2);
  for (int i = 0; i < 200; ++i) world.publish(1, "small");
  world.publish(2, "first");
  world.run();
  return world;
}

void finish(LaneWorld& world) {
  while (world.journal->is_in_snapshot()) world.journal->go_on_with_snapshot(kPiece);
}

std::vector<std::string> bodies_of(LaneWorld& world, std::uint64_t queue) {
  EXPECT_TRUE(world.consume(queue, 99));
  world.run();
  std::vector<std::string> bodies = world.take_bodies();
  std::erase(bodies, "small");
  return bodies;
}

/// Kinds of the sections of a snapshot.
std::vector<LaneSection> sections_of(ByteView snapshot) {
  std::vector<LaneSection> kinds;
  ByteReader in(snapshot);
  EXPECT_EQ(in.u8(), kLaneSnapshotVersion);
  while (in.ok() && !in.done()) {
    const ByteView section = in.bytes(in.le32());
    if (in.ok()) kinds.push_back(static_cast<LaneSection>(section[0]));
  }
  return kinds;
}

#define EXPECT_SAME_AFTER_REPLAY(world) \
  EXPECT_EQ((world).journal->state_now(), (world).replayed_state())

TEST(LaneChainsSnapshot, AQueueMayBeAheadOfAllFragmentsOfItsRecord) {
  LaneWorld world = world_with_a_long_queue();
  world.journal->go_on_with_snapshot(kPiece);
  ASSERT_TRUE(world.journal->is_in_snapshot());
  world.publish(2, large(4));
  world.run();
  finish(world);
  EXPECT_THAT(sections_of(world.journal->disk().snapshot->state),
              testing::Not(testing::Contains(LaneSection::chains)));
  EXPECT_SAME_AFTER_REPLAY(world);
  const std::int64_t live = world.journal->live_bodies();
  world.crash();
  EXPECT_EQ(world.journal->live_bodies(), live);
  EXPECT_EQ(world.lane->memory().chain_pieces, 5u);
  EXPECT_THAT(bodies_of(world, 2), ElementsAre("first", large(4)));
  world.settle(2, 2);
  world.run();
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u) << "it was counted once";
}

TEST(LaneChainsSnapshot, TheIndexMayBeBetweenTheFragments) {
  for (std::size_t before = 1; before <= 5; ++before) {
    LaneWorld world = world_with_a_long_queue();
    world.publish(2, large(4));
    world.flush();
    ASSERT_EQ(world.journal->uncommitted(), 5u);
    world.journal->commit(before);
    world.journal->go_on_with_snapshot(kPiece);
    ASSERT_TRUE(world.journal->is_in_snapshot());
    world.run();
    finish(world);
    EXPECT_SAME_AFTER_REPLAY(world);
    world.crash();
    EXPECT_THAT(bodies_of(world, 2), ElementsAre("first", large(4))) << before;
  }
}

TEST(LaneChainsSnapshot, ARecordMayGoBeforeItsQueueIsReached) {
  LaneWorld world = world_with_a_long_queue();
  world.publish(2, large(4));
  world.run();
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  world.journal->go_on_with_snapshot(kPiece);
  world.settle(2, 2);
  world.run();
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
  finish(world);
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
  EXPECT_THAT(bodies_of(world, 2), ElementsAre("first"));
}

TEST(LaneChainsSnapshot, WhatItIsStillToSayStaysInTheLog) {
  LaneWorld world = world_with_a_long_queue();
  for (int i = 0; i < 50; ++i) world.publish(2, large(3));
  world.run();
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  world.journal->go_on_with_snapshot(kPiece);
  world.settle(2, 51);
  world.run();
  EXPECT_EQ(world.lane->memory().chain_pieces, 50 * 4u);
  EXPECT_SAME_AFTER_REPLAY(world);
  finish(world);
  world.publish(2, "anything");
  world.run();
  EXPECT_EQ(world.lane->memory().chain_pieces, 49 * 4u);
  EXPECT_SAME_AFTER_REPLAY(world);
}

TEST(LaneChainsSnapshot, ARecordMayComeAndGoWhileTheSnapshotIsMade) {
  LaneWorld world = world_with_a_long_queue();
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  world.journal->go_on_with_snapshot(kPiece);
  world.publish(2, large(4));
  world.run();
  world.settle(2, 2);
  world.run();
  finish(world);
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 201);
}

TEST(LaneChainsSnapshot, OneQueueMayBeBeforeItAndTheOtherBehind) {
  LaneWorld world = world_with_a_long_queue();
  world.journal->go_on_with_snapshot(kPiece);
  world.publish_to({1, 2}, {large(3)});  // the long one is in parts, and this is in its last
  world.run();
  world.queue(3);
  world.publish_to({2, 3}, {large(5, 'm')});  // one is not in it at all
  world.run();
  finish(world);
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  world.settle(2, 2);
  world.run();
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.lane->memory().chain_uses, 3u);
  EXPECT_EQ(world.lane->memory().chain_pieces, 4u + 6u);
  EXPECT_THAT(bodies_of(world, 1), ElementsAre(large(3)));
  EXPECT_THAT(bodies_of(world, 2), ElementsAre("first", large(5, 'm')));
  EXPECT_THAT(bodies_of(world, 3), ElementsAre(large(5, 'm')));
}

TEST(LaneChainsSnapshot, ManyAreCutAndAreThoseOfTheIndex) {
  LaneWorld world = world_with_a_long_queue();
  for (int i = 0; i < 50; ++i) world.publish(2, large(3));
  world.run();
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  std::size_t pieces = 0;
  std::size_t size = 0;
  do {
    world.journal->go_on_with_snapshot(kPiece);
    if (!world.journal->is_in_snapshot()) break;
    const std::size_t grown = world.journal->growing_snapshot().size();
    // By one chain it may be more.
    if (pieces < 20) {
      EXPECT_LE(grown - size, kPiece + 40);
    }
    size = grown;
    if (pieces++ >= 25) continue;
    world.settle(2, 1 + 2 * pieces);
    world.publish_to({1, 2}, {large(2, 'n')});
    world.run();
    EXPECT_SAME_AFTER_REPLAY(world);
  } while (true);
  const auto kinds = sections_of(world.journal->disk().snapshot->state);
  EXPECT_GT(std::ranges::count(kinds, LaneSection::chains), 5);
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.lane->memory().chain_uses, 25u + 2 * 25u);
  EXPECT_EQ(world.lane->memory().chain_pieces, 25 * 4 + 25 * 3u);
  EXPECT_THAT(bodies_of(world, 2), SizeIs(1 + 25 + 25));
}

TEST(LaneChainsSnapshot, OneThatNobodyFinishedGoesWithItsTerm) {
  LaneWorld world = world_with_a_long_queue();
  world.publish(2, large(4));
  world.flush();
  world.journal->commit(2);
  world.journal->save_snapshot();
  EXPECT_THAT(sections_of(world.journal->disk().snapshot->state),
              testing::Contains(LaneSection::chains));
  world.crash(2);
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 201);
  // What comes has other numbers.
  world.publish(2, large(3));
  world.run();
  world.crash();
  EXPECT_THAT(bodies_of(world, 2), ElementsAre("first", large(3)));
}

TEST(LaneChainsSnapshot, ATermMayBeginBetweenTheIndexAndTheRecord) {
  LaneWorld world = world_with_a_long_queue();
  // A fragment of an owner that did not go on.
  ByteBuffer entry;
  put_entry_head(entry, false);
  put_fragment(entry, ChainId(1ULL << 32 | 1000), as_bytes("fragment"));
  ASSERT_TRUE(world.journal->append(LaneWorld::kLane, entry.view(), Urgency::now, {}));
  world.journal->commit();
  EXPECT_EQ(world.lane->memory().chain_pieces, 1u);
  // As where several processes have the log: this one becomes the owner again while it is made.
  world.journal->go_on_with_snapshot(kPiece);
  world.lane->on_role(Role::follower, Term(1));
  world.journal->begin_term();
  world.publish(2, large(3, 'n'));
  world.run();
  finish(world);
  EXPECT_THAT(sections_of(world.journal->disk().snapshot->state),
              testing::Contains(LaneSection::chains));
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.lane->memory().chain_pieces, 4u);
}

TEST(LaneChainsSnapshot, DeletedQueuesLetGo) {
  for (const std::uint64_t gone : {1u, 2u}) {
    LaneWorld world = world_with_a_long_queue();
    world.publish_to({1, 2}, {large(3)});
    world.publish(gone, large(3));
    world.run();
    world.journal->go_on_with_snapshot(kPiece);
    world.publish(gone, large(3));
    world.run();
    world.delete_queue(gone);
    world.run();
    finish(world);
    EXPECT_SAME_AFTER_REPLAY(world);
    world.crash();
    EXPECT_EQ(world.lane->memory().chain_pieces, 4u);
    EXPECT_EQ(world.lane->memory().chain_uses, 1u);
  }
}

/// A snapshot of one record in queue 1, whose body is the chain 1 of term 1, and is 30 bytes with
/// its head.
struct Crafted {
  std::uint64_t as_of = 0;
  std::uint64_t record_bytes = 30;

  std::string section() const {
    ByteBuffer content;
    content.u8(static_cast<std::uint8_t>(LaneSection::queue));
    for (const std::uint64_t number :
         {std::uint64_t{1}, as_of, std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{2},
          std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2},
          std::uint64_t{2}, record_bytes}) {
      content.varint(number);
    }
    content.u8(16);
    return framed(content);
  }
  static std::string chains(std::uint8_t flags = 1, std::uint64_t number = (1ULL << 32) | 1) {
    ByteBuffer content;
    content.u8(static_cast<std::uint8_t>(LaneSection::chains));
    content.varint(number);
    content.u8(flags);
    const auto piece = [&](std::uint64_t file_step, std::uint64_t offset_step) {
      for (const std::uint64_t it : {file_step, offset_step}) content.varint(it);
    };
    if ((flags & 1) != 0) {
      piece(2, 200);
      content.varint(25);
    }
    content.varint(1);
    piece((flags & 1) != 0 ? 0 : 2, 200);
    content.varint(5);
    return framed(content);
  }
  static std::string framed(const ByteBuffer& content) {
    ByteBuffer out;
    out.le32(static_cast<std::uint32_t>(content.size()));
    out.append(content.view());
    return std::string(as_text(out.view()));
  }
};

struct Installed {
  Result<void> result;
  std::size_t missing = 0;
};

Installed install(const std::string& sections) {
  LaneWorld world;
  world.queue(1);
  Installed installed;
  installed.result =
      world.lane->install(Index(1), as_bytes('\3' + sections + std::string{1, 0, 0, 0, 0}));
  installed.missing = world.lane->memory().chains_missing;
  return installed;
}

TEST(LaneChainsSnapshot, WhatCannotBeIsRefused) {
  const std::string chains = Crafted::chains();
  const std::string record = Crafted{}.section();
  EXPECT_TRUE(install(chains + record).result);
  EXPECT_TRUE(install(chains).result) << "the record went meanwhile";
  for (const std::string& sections : {
           record,                                          // the index has no such chain
           Crafted::chains(0) + record,                     // or has not all of it
           chains + Crafted{.record_bytes = 31}.section(),  // of another size
           chains + chains + record,                        // said twice
           Crafted{.as_of = 1}.section() + chains,          // behind a queue
           Crafted::chains(2) + record,                     // an unknown flag
           Crafted::chains(1, 0),                           // no number
           Crafted::chains(1, UINT64_MAX),                  // the last one
           chains + Crafted{.as_of = 1, .record_bytes = 31}.section(),
       }) {
    const Installed installed = install(sections);
    ASSERT_FALSE(installed.result) << testing::PrintToString(sections);
    EXPECT_EQ(installed.result.error().code, Errc::corrupt);
  }
}

TEST(LaneChainsSnapshot, AChainThatShouldHaveComeIsMissed) {
  for (const std::string& sections :
       {Crafted{.as_of = 1}.section(), Crafted::chains(0) + Crafted{.as_of = 1}.section()}) {
    LaneWorld world;
    world.queue(1);
    ASSERT_TRUE(
        world.lane->install(Index(1), as_bytes('\3' + sections + std::string{1, 0, 0, 0, 0})));
    EXPECT_EQ(world.lane->memory().chains_missing, 1u);
    EXPECT_EQ(world.lane->begin_snapshot(), nullptr) << "this is the state of no index";
    const auto whole = world.lane->check_whole();
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, Errc::corrupt);
    EXPECT_EQ(whole.error().what, "large messages without their bodies: 1");
  }
}

}  // namespace
}  // namespace naru::core
