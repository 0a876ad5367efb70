// The facts of large bodies. What worries us: bytes that no lane wrote taken for a part of one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/chain_table.h"
#include "core/queue/index_chunk.h"
#include "core/queue/lane_facts.h"
#include "core/queue/record_place.h"

namespace naru::core {
namespace {

// As docs/formats/lane.md draws it.
TEST(LaneChainFacts, LargeBodyIsWrittenInFragments) {
  constexpr ChainId kChain{std::uint64_t{1} << 32 | 1};
  ByteBuffer out;
  put_entry_head(out, false);
  put_fragment(out, kChain, as_bytes("hel"));
  const std::vector<std::uint8_t> fragment = {2,    0,    0,    8,    0x10, 0,    0,    0,
                                              3,    0,    0,    0,    0x6d, 0x66, 0x25, 0x8f,
                                              0x68, 0x65, 0x6c, 0x81, 0x80, 0x80, 0x80, 0x10};
  EXPECT_THAT(out.view(), testing::ElementsAreArray(fragment));
  EXPECT_LE(out.size(), 3 + kAroundFragmentBytes);

  message::RecordView view;
  view.encoding = message::EncodingId(1);
  view.persistent = true;
  view.routing_key = "q";
  view.body = as_bytes("hello");  // is not what is written
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  out.clear();
  put_entry_head(out, false);
  ByteBuffer front;
  put_enqueue_chain(out, targets, message::RunEncoder(view, front), kChain, 5);
  const std::vector<std::uint8_t> enqueue = {
      2, 0, 0, 9, 0x2b, 0, 0,    0,    0x19, 0,    0,    0,    0x70, 0x1c, 0x33, 7, 1,
      1, 0, 0, 1, 0,    0, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0,
      0, 0, 0, 0, 0,    0, 0x71, 0x81, 0x80, 0x80, 0x80, 0x10, 5,    1,    7,    1, 0};
  EXPECT_THAT(out.view(), testing::ElementsAreArray(enqueue));
  EXPECT_LE(out.size(), kLaneEntryHeadBytes + enqueue_fact_bytes_max(1, 25));
  EXPECT_TRUE(check_lane_entry(out.view()));
  FactReader reader(out.view());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::enqueue_chain);
  EXPECT_EQ(fact.chain, kChain);
  EXPECT_EQ(fact.chain_bytes, 5u);
  EXPECT_EQ(fact.body_bytes, 25u);
  TargetReader stored_targets = fact.targets();
  EnqueueTarget target;
  ASSERT_TRUE(stored_targets.next(target));
  EXPECT_EQ(target.queue, QueueId(7));
}

// The same body in a snapshot, as the page draws it.
TEST(LaneChainFacts, SnapshotSaysWhereThePiecesAre) {
  constexpr ChainId kChain{std::uint64_t{1} << 32 | 1};
  constexpr std::uint32_t kFile = 3;
  LiveTally live;
  ChainTable table;
  table.add(kChain, {{kFile, 4256 + 16}, 3}, live);
  table.add(kChain, {{kFile, 4352 + 16}, 2}, live);
  ASSERT_TRUE(table.close(kChain, {{kFile, 4448 + 16}, 25}, 5, live));
  ASSERT_TRUE(table.use(kChain));
  const std::vector<ChainTable::Saved> saved = table.save();
  ASSERT_EQ(saved.size(), 1u);
  ByteBuffer out;
  ChainWriter(out).put(saved[0]);
  EXPECT_THAT(out.view(),
              testing::ElementsAre(0x81, 0x80, 0x80, 0x80, 0x10, 1,  // the chain, closed
                                   6, 0xe0, 0x45, 0x19, 2,           // head, two parts
                                   0, 0xb1, 3, 3, 0, 0xba, 1, 2));

  ChainTable read;
  ByteReader in(out.view());
  ASSERT_TRUE(read.install(in, live));
  EXPECT_TRUE(read.expect(kChain, 30, false));
  EXPECT_TRUE(read.has_part(kChain, {kFile, 4352 + 16}));

  out.clear();
  PlaceWriter(out).put({.seq = Seq(1),
                        .location = {1, 1},
                        .bytes = 30,
                        .flags = IndexEntry::kPersistent | IndexEntry::kChained});
  EXPECT_THAT(out.view(), testing::ElementsAre(1, 2, 2, 0x1e, 0x11));
}

TEST(LaneChainFacts, BadFragmentsAreRefused) {
  ByteBuffer none;
  put_entry_head(none, false);
  put_fragment(none, ChainId(9), {});
  EXPECT_FALSE(check_lane_entry(none.view())) << "an empty one";
  ByteBuffer nameless;
  put_entry_head(nameless, false);
  put_fragment(nameless, ChainId(0), as_bytes("x"));
  EXPECT_FALSE(check_lane_entry(nameless.view()));
  ByteBuffer huge;
  put_entry_head(huge, false);
  ByteBuffer front;
  put_enqueue_chain(huge, {}, message::RunEncoder(message::RecordView(), front), ChainId(9),
                    UINT32_MAX);
  EXPECT_FALSE(check_lane_entry(huge.view())) << "an index has 32 bits for it";
}

}  // namespace
}  // namespace naru::core
