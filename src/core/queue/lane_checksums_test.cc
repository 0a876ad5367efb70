// The checksums within an entry, which only whoever reads a body alone compares. What worries us:
// one that an offline look passes over, or places wrongly.

#include "core/queue/lane_checksums.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/queue/lane_facts.h"
#include "core/queue/record_place.h"
#include "core/queue/shared_facts.h"

namespace naru::core {
namespace {

constexpr ChainId kChain{std::uint64_t{1} << 32 | 1};

using Places = std::vector<std::pair<std::size_t, std::string>>;

Places wrong_places(ByteView entry) {
  Places places;
  check_checksums(entry, FactReader::Form::entry,
                  [&](std::size_t at, const Error& error) { places.emplace_back(at, error.what); });
  return places;
}

TEST(LaneChecksums, EachHasItsOwn) {
  message::RecordView record;
  ByteBuffer front;
  const message::RunEncoder encoder(record, front);
  const std::vector<EnqueueTarget> targets = {{QueueId(1), Seq(1), 0, false}};
  const std::vector<RecordPlace> page = {{.seq = Seq(1), .location = {1, 100}, .bytes = 30}};
  ByteBuffer page_bytes;
  put_page_places(page_bytes, page);
  ByteBuffer entry;
  put_entry_head(entry, false);
  put_enqueue(entry, targets, encoder, as_bytes("body"));
  put_delivered(entry, QueueId(1), Seq(1));
  put_fragment(entry, kChain, as_bytes("hello"));
  put_enqueue_chain(entry, targets, encoder, kChain, 5);
  put_page(entry, QueueId(1), page_bytes.view());
  put_shared_record(entry, targets, record);
  ASSERT_EQ(wrong_places(entry.view()), Places());

  std::vector<std::size_t> bodies;
  FactReader reader(entry.view());
  for (Fact fact; reader.next(fact);) {
    if (fact.type != FactType::delivered) bodies.push_back(fact.body_offset);
  }
  const std::vector<std::string> what = {"the checksum of a record does not match",
                                         "the checksum of a part of a large message does not match",
                                         "the checksum of a record does not match",
                                         "the checksum of a page of an index does not match",
                                         "the checksum of a record does not match"};
  ASSERT_EQ(bodies.size(), what.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    std::uint8_t& octet = entry.data()[bodies[i] - 1];  // of the checksum itself
    octet ^= 1;
    EXPECT_EQ(wrong_places(entry.view()), (Places{{bodies[i] - kBodyCrcBytes, what[i]}}));
    octet ^= 1;
  }
}

TEST(LaneChecksums, WhatIsNotReadableIsTold) {
  ByteBuffer entry;
  put_entry_head(entry, false);
  put_delivered(entry, QueueId(1), Seq(1));
  const std::size_t end = entry.size();
  entry.u8(1);
  EXPECT_EQ(wrong_places(entry.view()), (Places{{end, "a fact of a queue that makes no sense"}}));
}

}  // namespace
}  // namespace naru::core
