// What a lane writes and reads back. What worries us: a number that changes on the way, and bytes
// that no lane wrote taken for a fact.

#include "core/queue/lane_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace naru::core {
namespace {

using testing::ElementsAre;

message::RecordView record(std::string_view body) {
  message::RecordView view;
  view.persistent = true;
  view.exchange = "x";
  view.routing_key = "key";
  view.body = as_bytes(body);
  return view;
}

void put(ByteBuffer& out, std::span<const EnqueueTarget> targets, const message::RecordView& view) {
  ByteBuffer front;
  put_enqueue(out, targets, message::RunEncoder(view, front), view.body);
}

std::vector<SeqRange> ranges_of(const Fact& fact) {
  std::vector<SeqRange> ranges;
  RangeReader reader = fact.ranges();
  SeqRange range;
  while (reader.next(range)) ranges.push_back(range);
  return ranges;
}

TEST(LaneFacts, EnqueueComesBackWithItsTargets) {
  ByteBuffer out;
  put_entry_head(out, false);
  const std::vector<EnqueueTarget> targets = {
      {QueueId(7), Seq(1), 0, false}, {QueueId(1u << 30), Seq(1ull << 40), 1234567890, true}};
  put(out, targets, record("hello"));
  const std::size_t record_bytes = message::encoded_bytes(record("hello"));
  EXPECT_LE(out.size(), kLaneEntryHeadBytes + enqueue_fact_bytes_max(2, record_bytes));

  FactReader reader(out.view());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::enqueue);
  const auto stored = message::decode_record(out.view().subspan(fact.body_offset, fact.body_bytes));
  ASSERT_TRUE(stored);
  EXPECT_EQ(as_text(stored->body), "hello");
  TargetReader stored_targets = fact.targets();
  EnqueueTarget target;
  for (const EnqueueTarget& expected : targets) {
    ASSERT_TRUE(stored_targets.next(target));
    EXPECT_EQ(target.queue, expected.queue);
    EXPECT_EQ(target.seq, expected.seq);
    EXPECT_EQ(target.expires_at_ms, expected.expires_at_ms);
    EXPECT_EQ(target.at_once, expected.at_once);
  }
  EXPECT_FALSE(stored_targets.next(target));
  EXPECT_FALSE(reader.next(fact));
  EXPECT_TRUE(reader.ok());
}

TEST(LaneFacts, WorkedExampleOfTheFormatPageHolds) {
  // docs/formats/lane.md
  constexpr std::uint8_t kExample[] = {
      0x02, 0x00, 0x00,                                // head
      0x01, 0x27, 0x00, 0x00, 0x00,                    // enqueue
      0x1b, 0x00, 0x00, 0x00,                          // record
      0xcb, 0xf8, 0xc4, 0xd8,                          // its checksum
      0x01, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,  //
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,  //
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  //
      0x71, 0x68, 0x69,                                //
      0x01, 0x07, 0x01, 0x00,                          // target
      0x04, 0x02, 0x00, 0x00, 0x00, 0x07, 0x01,        // delivered
  };
  message::RecordView view;
  view.encoding = message::EncodingId::amqp091;
  view.persistent = true;
  view.routing_key = "q";
  view.body = as_bytes("hi");
  ByteBuffer out;
  put_entry_head(out, false);
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  put(out, targets, view);
  put_delivered(out, QueueId(7), Seq(1));
  EXPECT_THAT(std::vector<std::uint8_t>(out.data(), out.data() + out.size()),
              testing::ElementsAreArray(kExample));
}

TEST(LaneFacts, WorkedPageOfTheFormatPageHolds) {
  // docs/formats/lane.md
  constexpr std::uint8_t kExample[] = {
      0x07, 0x15, 0x00, 0x00, 0x00,        // page
      0x0c, 0x00, 0x00, 0x00,              // bytes
      0xdd, 0x3a, 0x5e, 0x9f,              // checksum
      0x02,                                // two places
      0x01, 0x06, 0xc8, 0x01, 0x1b, 0x01,  //
      0x00, 0x00, 0x2a, 0x1b, 0x01,        //
      0x07,                                // queue
  };
  const std::vector<RecordPlace> places = {{Seq(1), {3, 100}, 27, IndexEntry::kPersistent, 0, 0},
                                           {Seq(2), {3, 148}, 27, IndexEntry::kPersistent, 0, 0}};
  ByteBuffer page;
  put_page_places(page, places);
  ByteBuffer out;
  put_page(out, QueueId(7), page.view());
  EXPECT_THAT(std::vector<std::uint8_t>(out.data(), out.data() + out.size()),
              testing::ElementsAreArray(kExample));
  FactReader reader(out.view(), FactReader::Form::facts);
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::page);
  EXPECT_EQ(fact.queue, QueueId(7));
  std::vector<RecordPlace> read;
  EXPECT_TRUE(read_page_places(out.view().subspan(fact.body_offset, fact.body_bytes), read));
  EXPECT_EQ(read, places);
}

TEST(LaneFacts, WhatNoPageCanHoldIsCorrupt) {
  const auto check = [](std::vector<RecordPlace> places) {
    ByteBuffer page;
    put_page_places(page, places);
    ByteBuffer out;
    put_entry_head(out, false);
    put_page(out, QueueId(7), page.view());
    return check_lane_entry(out.view());
  };
  const auto place = [](std::uint64_t seq, std::uint32_t file) {
    return RecordPlace{Seq(seq), {file, 100}, 27, IndexEntry::kPersistent, 0, 0};
  };
  EXPECT_TRUE(check({place(1, 3)}));
  EXPECT_TRUE(check({place(1, 3), place(65'536, 4)}));
  EXPECT_FALSE(check({}));
  EXPECT_FALSE(check({place(1, 3), place(65'537, 4)})) << "too far apart";
  std::vector<RecordPlace> scattered;
  for (std::uint32_t i = 1; i <= 128; ++i) scattered.push_back(place(i, 2 * i));
  EXPECT_TRUE(check(scattered));
  scattered.push_back(place(129, 300));
  EXPECT_FALSE(check(scattered)) << "too many files";
  EXPECT_FALSE(check({place(1, 3), place(2, 2)})) << "files ascend";
  RecordPlace returned = place(1, 3);
  returned.attempts = 1;
  EXPECT_FALSE(check({returned}));
  RecordPlace transient = place(1, 3);
  transient.flags = 0;
  EXPECT_FALSE(check({transient}));
  std::vector<RecordPlace> many;
  for (std::uint64_t seq = 1; seq <= 513; ++seq) many.push_back(place(seq, 3));
  EXPECT_FALSE(check(many));
}

TEST(LaneFacts, BodyThatChangedIsNotTakenForTheOneThatWasStored) {
  ByteBuffer out;
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  put(out, targets, record("hello"));
  FactReader reader(out.view(), FactReader::Form::facts);
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  const BodyRead read = guarded({1, static_cast<std::uint32_t>(fact.body_offset)}, fact.body_bytes);
  for (std::size_t at = 0; at <= read.bytes; ++at) {
    Slice body = Slice::copy_of(out.view().subspan(read.location.offset, read.bytes));
    const bool whole = at == read.bytes;
    if (!whole) body.owner.get()->data()[at] ^= 4;
    EXPECT_EQ(unguard(body), whole) << at;
    if (whole) {
      EXPECT_EQ(body.view.size(), fact.body_bytes);
    }
  }
}

TEST(LaneFacts, RangesComeBack) {
  ByteBuffer out;
  put_entry_head(out, true);
  const std::vector<SeqRange> ranges = {
      {Seq(1), Seq(1)}, {Seq(3), Seq(900)}, {Seq(1ull << 50), Seq((1ull << 50) + 1)}};
  put_ranges(out, FactType::settle, QueueId(5), ranges);
  put_ranges(out, FactType::returned, QueueId(5), {});
  put_delivered(out, QueueId(6), Seq(77));
  put_queue_closed(out, QueueId(8));

  FactReader reader(out.view());
  EXPECT_TRUE(reader.continued());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::settle);
  EXPECT_EQ(fact.queue, QueueId(5));
  EXPECT_EQ(ranges_of(fact), ranges);
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::returned);
  EXPECT_TRUE(ranges_of(fact).empty());
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::delivered);
  EXPECT_EQ(fact.through, Seq(77));
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::queue_closed);
  EXPECT_EQ(fact.queue, QueueId(8));
  EXPECT_FALSE(reader.next(fact));
  EXPECT_TRUE(reader.ok());
}

TEST(LaneFacts, NewFieldsAndIgnorableFactsAreSkipped) {
  ByteBuffer out;
  out.u8(kLaneEntryVersion);
  out.u8(0);
  out.u8(2);  // an extension of the head
  out.u16(0xffff);
  out.u8(200);  // a fact that may be ignored
  out.le32(3);
  out.append("abc");
  put_delivered(out, QueueId(6), Seq(7));
  out.data()[out.size() - 6] = 3;  // one more byte of content
  out.u8(9);
  put_queue_closed(out, QueueId(8));

  FactReader reader(out.view());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::delivered);
  EXPECT_EQ(fact.through, Seq(7));
  ASSERT_TRUE(reader.next(fact));
  EXPECT_EQ(fact.type, FactType::queue_closed);
  EXPECT_FALSE(reader.next(fact));
  EXPECT_TRUE(reader.ok());
}

TEST(LaneFacts, UnknownVersionFlagOrFactIsNotReadable) {
  for (const std::size_t at : {0u, 1u, 3u}) {
    ByteBuffer out;
    put_entry_head(out, false);
    put_queue_closed(out, QueueId(8));
    out.data()[at] = 100;
    FactReader reader(out.view());
    Fact fact;
    EXPECT_FALSE(reader.next(fact));
    EXPECT_FALSE(reader.ok()) << at;
    EXPECT_EQ(check_lane_entry(out.view()).error().code, Errc::version) << at;
  }
}

TEST(LaneFacts, AnEntryOfTheFirstVersionIsOlderThanWhatIsUnderstood) {
  ByteBuffer out;
  put_entry_head(out, false);
  out.data()[0] = 1;
  EXPECT_EQ(check_lane_entry(out.view()).error().code, Errc::not_implemented);
}

TEST(LaneFacts, ATargetOrRecordOfANewerNaruIsAVersionError) {
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  ByteBuffer out;
  put_entry_head(out, false);
  put(out, targets, record("hello"));
  EXPECT_TRUE(check_lane_entry(out.view()));
  const std::size_t record_flags = kLaneEntryHeadBytes + kFactHeadBytes + 4 + kBodyCrcBytes + 1;
  for (const std::size_t at : {record_flags - 1, record_flags, out.size() - 1}) {
    ByteBuffer newer;
    newer.append(out.view());
    newer.data()[at] |= 0x80;
    EXPECT_EQ(check_lane_entry(newer.view()).error().code, Errc::version) << at;
  }
}

TEST(LaneFacts, WhatNoNaruWritesIsCorrupt) {
  ByteBuffer out;
  put_entry_head(out, false);
  const std::vector<SeqRange> ranges = {{Seq(1), Seq(2)}};
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  put_ranges(out, FactType::settle, QueueId(5), ranges);
  const std::size_t ranges_end = out.size();
  put(out, targets, record("hello"));
  put_delivered(out, QueueId(6), Seq(7));
  EXPECT_TRUE(check_lane_entry(out.view()));
  for (std::size_t bytes = 0; bytes < out.size(); ++bytes) {
    const auto cut = check_lane_entry(out.view().first(bytes));
    if (cut) continue;  // between two facts
    EXPECT_EQ(cut.error().code, Errc::corrupt) << bytes;
  }
  for (const std::size_t at : {std::size_t{0}, kLaneEntryHeadBytes}) {  // no version, no type
    ByteBuffer zeroed;
    zeroed.append(out.view());
    zeroed.data()[at] = 0;
    EXPECT_EQ(check_lane_entry(zeroed.view()).error().code, Errc::corrupt) << at;
  }
  out.data()[ranges_end - 3] = 9;  // more ranges than there are
  EXPECT_EQ(check_lane_entry(out.view()).error().code, Errc::corrupt);
}

TEST(LaneFacts, CutEntryIsNotReadable) {
  ByteBuffer out;
  put_entry_head(out, false);
  const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 0, false}};
  put(out, targets, record("hello"));
  for (std::size_t bytes = kLaneEntryHeadBytes + 1; bytes < out.size(); ++bytes) {
    FactReader reader(out.view().first(bytes));
    Fact fact;
    EXPECT_FALSE(reader.next(fact)) << bytes;
    EXPECT_FALSE(reader.ok()) << bytes;
  }
}

TEST(LaneFacts, NoBytesMakeTheReaderLeaveTheEntry) {
  // Sanitizers watch; here only that it comes to an end.
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    ByteBuffer out;
    put_entry_head(out, false);
    const std::vector<SeqRange> ranges = {{Seq(1), Seq(1)}, {Seq(3), Seq(900)}};
    const std::vector<EnqueueTarget> targets = {{QueueId(7), Seq(1), 5, false}};
    put(out, targets, record("hello"));
    put_ranges(out, FactType::settle, QueueId(5), ranges);
    for (std::uint64_t hits = random.below(4); hits > 0; --hits)
      out.data()[random.below(out.size())] = static_cast<std::uint8_t>(random.next());
    out.truncate(out.size() - random.below(3));
    FactReader reader(out.view());
    Fact fact;
    std::size_t facts = 0;
    while (reader.next(fact)) {
      ++facts;
      TargetReader target_reader = fact.targets();
      EnqueueTarget target;
      while (fact.type == FactType::enqueue && target_reader.next(target)) ++facts;
      RangeReader range_reader = fact.ranges();
      SeqRange range;
      while (fact.type != FactType::enqueue && range_reader.next(range)) {
        EXPECT_LE(range.first, range.last);
        ++facts;
      }
      EXPECT_TRUE(fact.type != FactType::enqueue ||
                  fact.body_offset + fact.body_bytes <= out.size());
    }
    EXPECT_LT(facts, 200u);
  }
}

TEST(LaneFacts, NormalisedRangesAreSortedAndDisjoint) {
  std::vector<SeqRange> ranges = {
      {Seq(5), Seq(6)}, {Seq(1), Seq(2)}, {Seq(3), Seq(3)}, {Seq(6), Seq(9)}, {Seq(20), Seq(21)}};
  normalise(ranges);
  EXPECT_THAT(ranges, ElementsAre(SeqRange{Seq(1), Seq(3)}, SeqRange{Seq(5), Seq(9)},
                                  SeqRange{Seq(20), Seq(21)}));
}

// What worries us: a record that is applied here from a short look at it, and after a start, from a
// long one, is not the same.
TEST(LaneFacts, APlainEnqueueReadsTheSameTheShortWayAndTheLongOne) {
  Random random(3);
  std::size_t plain_count = 0;
  for (int round = 0; round < 3000; ++round) {
    ByteBuffer out;
    put_entry_head(out, false);
    for (std::uint64_t facts = random.below(4); facts > 0; --facts) {
      std::vector<EnqueueTarget> targets(1 + random.below(2));
      for (EnqueueTarget& target : targets) {
        target = {QueueId(random.below(1000)), Seq(1 + random.below(1u << 20)),
                  random.one_in(4) ? 5 : 0, random.one_in(8)};
      }
      put(out, targets, record(std::string(random.below(40), 'x')));
      if (random.one_in(3)) put_delivered(out, QueueId(1), Seq(9));
    }
    if (random.one_in(2))
      out.data()[random.below(out.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (random.one_in(4)) out.truncate(random.below(out.size() + 1));
    FactReader longer(out.view());
    FactReader shorter(out.view());
    Fact fact;
    PlainEnqueue plain;
    for (;;) {
      const bool is_plain = shorter.next_plain(plain);
      const bool found = longer.next(fact);
      if (!is_plain) {
        ASSERT_EQ(shorter.next(fact), found);
        ASSERT_EQ(shorter.ok(), longer.ok());
        if (!found) break;
        continue;
      }
      ++plain_count;
      ASSERT_TRUE(found && fact.type == FactType::enqueue);
      TargetReader targets = fact.targets();
      EnqueueTarget target;
      ASSERT_TRUE(targets.next(target));
      EXPECT_EQ(target.queue, plain.queue);
      EXPECT_EQ(target.seq, plain.seq);
      EXPECT_TRUE(target.expires_at_ms == 0 && !target.at_once && !targets.next(target));
      EXPECT_EQ(fact.body_offset, plain.body_offset);
      EXPECT_EQ(fact.body_bytes, plain.body_bytes);
      EXPECT_EQ(shorter.last_fact(), longer.last_fact());
    }
  }
  EXPECT_GT(plain_count, 1000u);
}

}  // namespace
}  // namespace naru::core
