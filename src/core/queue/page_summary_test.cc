// What is left of the bytes of pages. What worries us: a figure that goes to another page, and one
// that is believed although it cannot be.

#include "core/queue/page_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace naru::core {
namespace {

using testing::ElementsAreArray;

/// Pages of ten records of 27 bytes each, all in one file, one behind the other.
std::vector<std::unique_ptr<IndexPage>> pages_of(std::uint64_t records) {
  std::vector<std::unique_ptr<IndexPage>> pages;
  for (std::uint64_t first = 1; first <= records; first += 10) {
    std::vector<RecordPlace> places;
    for (std::uint64_t seq = first; seq < first + 10; ++seq) {
      places.push_back({Seq(seq),
                        {3, static_cast<std::uint32_t>(100 * seq)},
                        27,
                        IndexEntry::kPersistent,
                        0,
                        0});
    }
    pages.push_back(std::make_unique<IndexPage>());
    EXPECT_TRUE(pages.back()->describe(places) && pages.back()->restore({}));
  }
  return pages;
}

ByteBuffer held_of(const std::vector<std::unique_ptr<IndexPage>>& pages) {
  ByteBuffer out;
  HeldBytesWriter writer(out);
  for (const auto& page : pages) writer.put(*page, page->shell);
  return out;
}

TEST(HeldBytes, TheWorkedExampleOfTheFormatPageIsWritten) {
  // docs/formats/lane.md
  constexpr std::uint8_t kExample[] = {0x00, 0xbd, 0x01, 0x01, 0x36};
  const auto pages = pages_of(300);
  pages[0]->remove(Seq(4), Seq(6));
  pages[2]->remove(Seq(22), Seq(29));
  const ByteBuffer held = held_of(pages);
  EXPECT_THAT(std::vector<std::uint8_t>(held.data(), held.data() + held.size()),
              ElementsAreArray(kExample));
  HeldBytesReader reader(held.view());
  for (const auto& page : pages_of(300)) {
    ASSERT_TRUE(reader.next(*page));
    const std::uint64_t seq = page->first_seq().value;
    EXPECT_EQ(page->held_bytes(), seq == 1 ? 189u : seq == 21 ? 54u : 270u) << seq;
  }
  EXPECT_TRUE(reader.done());
}

TEST(HeldBytes, NothingIsWrittenOfWhatIsWhole) {
  EXPECT_EQ(held_of(pages_of(100)).size(), 0u);
}

TEST(HeldBytes, WhatCannotBeIsRefused) {
  const auto reads = [](std::vector<std::uint8_t> held) {
    HeldBytesReader reader(held);
    for (const auto& page : pages_of(20)) {
      if (!reader.next(*page)) return false;
    }
    return reader.done();
  };
  EXPECT_TRUE(reads({}));
  EXPECT_TRUE(reads({0, 27, 0, 27}));
  EXPECT_TRUE(reads({1, 27}));
  EXPECT_FALSE(reads({0, 0x8f, 0x02})) << "271 of 270 bytes";
  EXPECT_FALSE(reads({2, 27})) << "a third page";
  EXPECT_FALSE(reads({0, 27, 0, 27, 0, 27})) << "a third page";
  EXPECT_FALSE(reads({0})) << "no figure";
  EXPECT_FALSE(reads({0, 27, 0x80})) << "half a figure";
}

TEST(HeldBytes, AFileWithoutRecordsHoldsNothingWhateverIsSaid) {
  const auto pages = pages_of(10);
  ByteBuffer held;
  held.varint(0);
  held.varint(27);
  IndexPage& page = *pages[0];
  page.files[0].held = 0;
  HeldBytesReader reader(held.view());
  EXPECT_TRUE(reader.next(page));
  EXPECT_EQ(page.held_bytes(), 0u);
}

}  // namespace
}  // namespace naru::core
