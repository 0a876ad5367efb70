// Entries that hold the place of another one, which is known when frames go to the disk. What
// worries us: the place of something else, and a checksum of what was there before.
#include "storage/frame_builder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace naru::storage {
namespace {

constexpr FrameIdentity kFirst{.volume = 11, .incarnation = 2, .sequence = 7};

struct Place {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;

  bool operator==(const Place&) const = default;
};

class FrameReferences : public ::testing::Test {
 protected:
  FrameReferences() { builder_.start(kFirst); }

  void refer_to(std::size_t bytes) {
    builder_.add({.group = 6, .type = 6}, as_bytes(std::string(bytes, 'b')), {}, {.tags = 1},
                 {.referred = true, .references = {}});
  }
  /// An entry with room for a place at each of `at`.
  void referrer(const std::vector<std::uint32_t>& at) {
    builder_.add({.group = 1, .type = 1}, as_bytes(std::string(100, '.')), {}, {.tags = 1},
                 {.referred = false, .references = at});
  }
  /// Hands the oldest frame over, checked; returns its entries' payloads.
  std::vector<std::string> take(FramePlace here) {
    builder_.place_front(here);
    const BuiltFrame frame = builder_.front();
    builder_.pop();
    const FrameIdentity identity{kFirst.volume, kFirst.incarnation, frame.sequence};
    const FrameHead head{identity, 0, here.file, frame.length, frame.entries};
    EXPECT_TRUE(verify_entries(head, ByteView(frame.data, frame.length)).has_value());
    std::vector<std::string> payloads;
    offsets_.clear();
    EntryCursor cursor(ByteView(frame.data, frame.length));
    for (EntryView entry; cursor.next(entry);) {
      payloads.emplace_back(as_text(entry.payload));
      offsets_.push_back(entry.offset);
    }
    return payloads;
  }
  static Place place_in(const std::string& payload, std::size_t at) {
    Place place;
    std::memcpy(&place.file, payload.data() + at, 4);
    std::memcpy(&place.offset, payload.data() + at + 4, 4);
    return place;
  }

  WalOptions options_{.frame_bytes_max = 8 * 1024, .block_bytes = 16 * 1024};
  BlockPool pool_{16 * 1024};
  FrameBuilder builder_{options_, pool_};
  std::vector<std::uint32_t> offsets_;  // of the payloads that take() returned
};

TEST_F(FrameReferences, APlaceIsFilledInWhenItsFrameIsPlaced) {
  referrer({});
  refer_to(500);
  referrer({10, 50});
  const auto payloads = take({3, 4096});
  ASSERT_EQ(payloads.size(), 3U);
  EXPECT_EQ(payloads[0], std::string(100, '.'));
  EXPECT_EQ(place_in(payloads[2], 10), (Place{3, 4096 + offsets_[1]}));
  EXPECT_EQ(place_in(payloads[2], 50), (Place{3, 4096 + offsets_[1]}));
}

TEST_F(FrameReferences, AnEarlierFrameIsReferredToWhereItWentTo) {
  refer_to(8050);
  referrer({0});
  referrer({8});
  take({3, 60'000});
  const std::uint32_t offset = 60'000 + offsets_[0];
  const auto payloads = take({4, 0});  // another file
  ASSERT_EQ(payloads.size(), 2U);
  EXPECT_EQ(place_in(payloads[0], 0), (Place{3, offset}));
  EXPECT_EQ(place_in(payloads[1], 8), (Place{3, offset}));
}

TEST_F(FrameReferences, TheLastOneBeforeIsMeant) {
  refer_to(8050);
  referrer({0});  // in the second frame
  refer_to(100);
  referrer({0});
  refer_to(200);
  referrer({0});
  take({3, 0});
  const std::uint32_t first = offsets_[0];
  const auto payloads = take({3, 8192});
  ASSERT_EQ(payloads.size(), 5U);
  EXPECT_EQ(place_in(payloads[0], 0), (Place{3, first}));
  EXPECT_EQ(place_in(payloads[2], 0), (Place{3, 8192 + offsets_[1]}));
  EXPECT_EQ(place_in(payloads[4], 0), (Place{3, 8192 + offsets_[3]}));
}

TEST_F(FrameReferences, ManyFramesMayWait) {
  for (int i = 0; i < 200; ++i) {
    refer_to(5000);
    referrer({0});
  }
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto payloads = take({1 + i, 4096 * i});
    ASSERT_EQ(payloads.size(), 2U);
    EXPECT_EQ(place_in(payloads[1], 0), (Place{1 + i, 4096 * i + offsets_[0]}));
  }
  EXPECT_TRUE(builder_.empty());
}

}  // namespace
}  // namespace naru::storage
