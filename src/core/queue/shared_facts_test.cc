// Records that several lanes refer to, as bytes. What worries us: a reference that names other
// bytes than the record's, a run that ends too late or too early, and damage that reads as a place.

#include "core/queue/shared_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"

namespace naru::core {
namespace {

message::RecordView record(std::string_view body) {
  message::RecordView view;
  view.persistent = true;
  view.routing_key = "key";
  view.body = as_bytes(body);
  return view;
}

struct Read {
  BodyLocation location;
  std::uint32_t bytes = 0;
  bool persistent = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> targets;  // queue, seq

  bool operator==(const Read&) const = default;
};

std::vector<Read> read_items(const Fact& fact) {
  std::vector<Read> items;
  SharedEnqueueReader reader(fact);
  for (SharedEnqueueReader::Item item; reader.next(item);) {
    Read& it = items.emplace_back(Read{item.location, item.bytes, item.persistent, {}});
    for (EnqueueTarget target; item.targets.next(target);)
      it.targets.emplace_back(target.queue.value, target.seq.value);
    EXPECT_TRUE(item.targets.ok());
  }
  EXPECT_TRUE(reader.ok());
  return items;
}

std::vector<EnqueueTarget> to(std::uint64_t queue, std::uint64_t seq) {
  return {{QueueId(queue), Seq(seq), 0, false}};
}

/// A lane's entry under construction, and the bodies that it refers to.
struct Written {
  Written() {
    put_entry_head(bodies, false);
    put_entry_head(entry, false);
  }
  void put(std::string_view body, const std::vector<EnqueueTarget>& targets) {
    const std::uint32_t offset = put_shared_record(bodies, targets, record(body));
    const auto bytes = static_cast<std::uint32_t>(message::encoded_bytes(record(body)));
    writer.put(entry, references, {1, offset, bytes, true}, targets);
  }
  /// What the journal does when the place of the bodies is known.
  void place(BodyLocation at) {
    for (const std::uint32_t reference : references) {
      entry.patch_le32(reference, at.file);
      entry.patch_le32(reference + 4, at.offset);
    }
  }

  ByteBuffer bodies;
  ByteBuffer entry;
  std::vector<std::uint32_t> references;
  SharedEnqueueWriter writer;
};

TEST(SharedFacts, AReferenceNamesTheBytesOfItsRecord) {
  Written written;
  written.put("first", to(7, 1));
  written.put("the second", to(7, 2));
  written.place({3, 1000});
  ASSERT_TRUE(check_lane_entry(written.bodies.view()));
  ASSERT_TRUE(check_lane_entry(written.entry.view()));

  FactReader reader(written.entry.view());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  ASSERT_EQ(fact.type, FactType::shared_enqueue);
  EXPECT_EQ(fact.bodies, (BodyLocation{3, 1000}));
  const std::vector<Read> items = read_items(fact);
  ASSERT_EQ(items.size(), 2U);
  const std::vector<std::string> expected{"first", "the second"};
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].location.file, 3U);
    EXPECT_TRUE(items[i].persistent);
    EXPECT_EQ(items[i].targets, (decltype(Read::targets){{7, i + 1}}));
    const auto stored = message::decode_record(
        written.bodies.view().subspan(items[i].location.offset - 1000, items[i].bytes));
    ASSERT_TRUE(stored);
    EXPECT_EQ(as_text(stored->body), expected[i]);
  }
  EXPECT_FALSE(reader.next(fact)) << "records that follow each other share a fact";
  EXPECT_TRUE(reader.ok());
}

TEST(SharedFacts, TheWorkedExampleOfTheFormatPageHolds) {
  // docs/formats/lane.md
  const std::vector<std::uint8_t> bodies = {
      0x02, 0x00, 0x00,                                // head
      0x0b, 0x28, 0x00, 0x00, 0x00,                    // shared record
      0x1b, 0x00, 0x00, 0x00,                          // record
      0xcb, 0xf8, 0xc4, 0xd8,                          // its checksum
      0x01, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,  //
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,  //
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  //
      0x71, 0x68, 0x69,                                //
      0x02, 0x0e, 0x02, 0x02, 0x00,                    // targets
  };
  const std::vector<std::uint8_t> entry = {
      0x02, 0x00, 0x00,                                // head
      0x0a, 0x13, 0x00, 0x00, 0x00,                    // shared enqueue
      0x03, 0x00, 0x00, 0x00, 0xa0, 0x10, 0x00, 0x00,  // the place of the bodies
      0x01, 0x00, 0x00, 0x00,                          // one item
      0x10, 0x1b, 0x01,                                // the record
      0x01, 0x07, 0x01, 0x00,                          // its target
  };
  message::RecordView view;
  view.encoding = message::EncodingId::amqp091;
  view.persistent = true;
  view.routing_key = "q";
  view.body = as_bytes("hi");
  const std::vector<EnqueueTarget> all = {{QueueId(7), Seq(1), 0, false},
                                          {QueueId(8), Seq(1), 0, false}};
  Written written;
  const std::uint32_t offset = put_shared_record(written.bodies, all, view);
  written.writer.put(written.entry, written.references, {1, offset, 27, true}, {all.data(), 1});
  written.place({3, 4256});
  EXPECT_TRUE(std::ranges::equal(written.bodies.view(), bodies));
  EXPECT_TRUE(std::ranges::equal(written.entry.view(), entry));
}

TEST(SharedFacts, ARecordMoreTakesFiveBytesOfItsLane) {
  Written written;
  written.put(std::string(1000, 'x'), to(7, 1));
  written.put(std::string(1000, 'x'), to(7, 2));
  const std::size_t before = written.entry.size();
  written.put(std::string(1000, 'x'), to(7, 3));
  EXPECT_LE(written.entry.size() - before, 5U);
}

TEST(SharedFacts, WhatIsStagedInBetweenEndsTheFact) {
  Written written;
  written.put("first", to(7, 1));
  put_delivered(written.entry, QueueId(7), Seq(1));
  written.put("second", to(7, 2));
  EXPECT_EQ(written.references.size(), 2U);
  written.place({3, 1000});
  ASSERT_TRUE(check_lane_entry(written.entry.view()));
  FactReader reader(written.entry.view());
  std::vector<FactType> types;
  for (Fact fact; reader.next(fact);) types.push_back(fact.type);
  EXPECT_EQ(types, (std::vector<FactType>{FactType::shared_enqueue, FactType::delivered,
                                          FactType::shared_enqueue}));
}

TEST(SharedFacts, OtherBodiesAreAnotherFact) {
  Written written;
  written.writer.put(written.entry, written.references, {1, 16, 100, true}, to(7, 1));
  written.writer.put(written.entry, written.references, {2, 16, 100, true}, to(7, 2));
  EXPECT_EQ(written.references.size(), 2U);
}

TEST(SharedFacts, ANewEntryIsAnotherFactAlsoWhereTheOldOneEnded) {
  Written written;
  written.writer.put(written.entry, written.references, {1, 16, 100, true}, to(7, 1));
  written.writer.close();
  written.writer.put(written.entry, written.references, {1, 200, 100, true}, to(7, 2));
  EXPECT_EQ(written.references.size(), 2U);
}

TEST(SharedFacts, AnyRunComesBack) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Written written;
    std::vector<Read> expected;
    std::uint64_t seq = 1 + random.below(1'000'000);
    std::uint32_t offset = kLaneEntryHeadBytes + kFactHeadBytes + 8;
    for (std::uint64_t i = 1 + random.below(20); i > 0; --i) {
      std::vector<EnqueueTarget> targets;
      Read& it = expected.emplace_back();
      for (std::uint64_t queue = 1; queue <= 1 + random.below(3); ++queue) {
        const WallMs expires = random.one_in(10) ? 1'700'000'000'000 : 0;
        targets.push_back({QueueId(queue), Seq(seq), expires, random.one_in(10)});
        it.targets.emplace_back(queue, seq);
      }
      seq += random.one_in(4) ? 1 + random.below(1000) : 1;
      it.location = {9, 4096 + offset};
      it.bytes = static_cast<std::uint32_t>(message::kRecordHeadBytes + random.below(100'000));
      it.persistent = random.one_in(2);
      written.writer.put(written.entry, written.references, {1, offset, it.bytes, it.persistent},
                         targets);
      offset += it.bytes + 8 + static_cast<std::uint32_t>(random.below(500));
    }
    written.place({9, 4096});
    FactReader reader(written.entry.view());
    Fact fact;
    ASSERT_TRUE(reader.next(fact));
    EXPECT_EQ(read_items(fact), expected) << "round " << round;
  }
}

TEST(SharedFacts, TargetsInAllLanesComeBack) {
  const std::vector<EnqueueTarget> targets = {{QueueId(20), Seq(5), 0, false},
                                              {QueueId(4), Seq(1ull << 40), 0, false},
                                              {QueueId(21), Seq(1), 0, false}};
  ByteBuffer out;
  put_entry_head(out, false);
  put_shared_record(out, targets, record("x"));
  EXPECT_LE(out.size(), kLaneEntryHeadBytes + shared_record_fact_bytes_max(3, record("x")));
  FactReader reader(out.view());
  Fact fact;
  ASSERT_TRUE(reader.next(fact));
  ASSERT_EQ(fact.type, FactType::shared_record);
  SharedTargetReader found(fact.rest);
  for (const EnqueueTarget& expected : targets) {
    QueueId queue;
    Seq seq;
    ASSERT_TRUE(found.next(queue, seq));
    EXPECT_EQ(queue, expected.queue);
    EXPECT_EQ(seq, expected.seq);
  }
  QueueId queue;
  Seq seq;
  EXPECT_FALSE(found.next(queue, seq));
  EXPECT_TRUE(found.ok());
}

TEST(SharedFacts, NothingButRecordsIsAmongBodies) {
  const std::vector<EnqueueTarget> targets = {{QueueId(20), Seq(5), 0, false},
                                              {QueueId(4), Seq(1), 0, false}};
  ByteBuffer out;
  put_entry_head(out, false);
  put_shared_record(out, targets, record("x"));
  EXPECT_TRUE(check_lane_bodies(out.view()));
  put_delivered(out, QueueId(6), Seq(7));
  EXPECT_TRUE(check_lane_entry(out.view()));
  EXPECT_EQ(check_lane_bodies(out.view()).error().code, Errc::corrupt);
}

TEST(SharedFacts, ThatMakeNoSenseAreRefused) {
  Written written;
  written.put("first", to(7, 1));
  written.place({3, 1000});
  // file · offset · count · gap · bytes · flags · targets, behind the heads.
  constexpr std::size_t kFact = kLaneEntryHeadBytes + kFactHeadBytes;
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::uint8_t> bytes(written.entry.view().begin(), written.entry.view().end());
    bytes.at(at) = value;
    const auto checked = check_lane_entry(bytes);
    return checked ? Errc::ok : checked.error().code;
  };
  EXPECT_EQ(changed(kFact, 0), Errc::corrupt) << "no file";
  EXPECT_EQ(changed(kFact + 8, 0), Errc::corrupt) << "no record";
  EXPECT_EQ(changed(kFact + 8, 2), Errc::corrupt) << "a record more than there is";
  EXPECT_EQ(changed(kFact + 14, 3), Errc::corrupt) << "the targets of no record before";
  EXPECT_EQ(changed(kFact + 14, 5), Errc::version) << "a flag of a newer program";
  EXPECT_EQ(changed(kFact + 15, 0), Errc::corrupt) << "no target";
}

}  // namespace
}  // namespace naru::core
