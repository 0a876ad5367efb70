// Pages of an index against naive sets. What worries us: a record that is there and not counted, or
// counted and gone; a page that claims what is not its own; entries that end up at another place.

#include "core/queue/index_page.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "core/queue/queue_index.h"

namespace naru::core {
namespace {

std::vector<RecordPlace> random_places(Random& random, std::uint64_t first, std::size_t count) {
  std::vector<RecordPlace> places;
  std::uint64_t seq = first;
  std::uint32_t file = 5;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0 && i % 4 == 0 && random.one_in(3))
      file += static_cast<std::uint32_t>(1 + random.below(3));
    places.push_back({Seq(seq),
                      {file, static_cast<std::uint32_t>(100 + 50 * i)},
                      static_cast<std::uint32_t>(random.below(40)),
                      IndexEntry::kPersistent,
                      0,
                      random.one_in(2) ? static_cast<WallMs>(1 + random.below(100)) : 0});
    seq += random.one_in(4) ? 1 + random.below(5) : 1;
  }
  return places;
}

void push(QueueIndex& index, const RecordPlace& place) {
  IndexEntry& entry = index.push(place.seq);
  entry.file = place.location.file;
  entry.offset = place.location.offset;
  entry.record_bytes = place.bytes;
  entry.flags = place.flags;
  entry.expires_at_ms = place.expires_at_ms;
}

std::vector<RecordPlace> all_of(QueueIndex& index) {
  std::vector<RecordPlace> all;
  index.visit(Seq(0), Seq(UINT64_MAX), [&](Seq seq, IndexEntry& entry) {
    all.push_back(place_of(seq, entry));
    return QueueIndex::Visit::keep;
  });
  return all;
}

TEST(IndexPage, CountsLikeASet) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto places = random_places(random, 1000, 1 + random.below(60));
    IndexPage page;
    ASSERT_TRUE(page.describe(places));
    IndexPage::Exceptions gaps;
    std::map<std::uint64_t, RecordPlace> model;
    std::uint64_t next = 1000;
    for (const RecordPlace& place : places) {
      if (place.seq.value != next) {
        gaps.gone.push_back({static_cast<std::uint16_t>(next - 1000),
                             static_cast<std::uint16_t>(place.seq.value - 1001)});
      }
      model[place.seq.value] = place;
      next = place.seq.value + 1;
    }
    ASSERT_TRUE(page.restore(std::move(gaps)));
    std::map<std::uint32_t, std::int64_t> held;
    for (const IndexPage::File& file : page.files) held[file.file] = file.bytes;
    while (!model.empty()) {
      const std::uint64_t first = 990 + random.below(next - 980);
      const std::uint64_t last = first + random.below(random.one_in(3) ? 100 : 5);
      std::map<std::uint32_t, LiveChange> wanted;
      std::map<std::uint32_t, std::int64_t> staying;
      std::int64_t leaving = 0;
      for (const auto& [seq, place] : model) {
        if (seq < first || seq > last) {
          ++staying[place.location.file];
        } else {
          ++wanted[place.location.file].bodies;
          ++leaving;
        }
      }
      for (auto& [file, change] : wanted) {
        change.bytes = held[file] * change.bodies / (change.bodies + staying[file]);
        held[file] -= change.bytes;
      }
      std::map<std::uint32_t, LiveChange> told;
      const IndexPage::Part part = page.part(
          Seq(first), Seq(last), [&](std::uint32_t file, LiveChange it) { told[file] = it; });
      EXPECT_EQ(part.records, leaving);
      EXPECT_EQ(told, wanted);
      page.remove(Seq(first), Seq(last));
      std::erase_if(model, [&](const auto& it) { return it.first >= first && it.first <= last; });
      EXPECT_EQ(page.records(), model.size());
      for (std::uint64_t seq = 999; seq <= next; ++seq) {
        ASSERT_EQ(page.has(Seq(seq)), model.contains(seq));
        if (model.contains(seq)) {
          EXPECT_EQ(page.file_of(Seq(seq)), model[seq].location.file);
        }
      }
    }
    EXPECT_EQ(page.held_bytes(), 0u);
  }
}

TEST(IndexPage, AttemptsAreOfRecordsThatAreThere) {
  Random random(1);
  IndexPage page;
  std::vector<RecordPlace> places;
  for (std::uint64_t seq = 1; seq <= 20; ++seq)
    places.push_back({Seq(seq), {1, 100}, 1, IndexEntry::kPersistent, 0, 0});
  ASSERT_TRUE(page.describe(places));
  ASSERT_TRUE(page.restore({}));
  page.remove(Seq(5), Seq(6));
  page.add_attempt(Seq(4), Seq(7));
  page.add_attempt(Seq(7), Seq(100));
  EXPECT_EQ(page.attempts_of(Seq(4)), 1);
  EXPECT_EQ(page.attempts_of(Seq(5)), 0);
  EXPECT_EQ(page.attempts_of(Seq(7)), 2);
  EXPECT_EQ(page.attempts_of(Seq(20)), 1);
  for (int i = 0; i < 300; ++i) page.add_attempt(Seq(7), Seq(7));
  EXPECT_EQ(page.attempts_of(Seq(7)), 255);
  page.remove(Seq(7), Seq(7));
  EXPECT_EQ(page.attempts_of(Seq(7)), 0);
}

TEST(IndexPage, AttemptsThatAllHaveCostNothing) {
  IndexPage page;
  std::vector<RecordPlace> places;
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    places.push_back({Seq(seq), {1, 100}, 1, IndexEntry::kPersistent, 0, 0});
  ASSERT_TRUE(page.describe(places));
  ASSERT_TRUE(page.restore({}));
  const std::size_t before = page.memory_bytes();
  page.add_attempt(Seq(1), Seq(60));
  EXPECT_GE(page.memory_bytes(), before + 60 * sizeof(IndexPage::Attempts));
  page.add_attempt(Seq(61), Seq(100));
  EXPECT_EQ(page.memory_bytes(), before);
  page.add_attempt(Seq(5), Seq(5));
  page.remove(Seq(1), Seq(3));
  EXPECT_EQ(page.attempts_of(Seq(4)), 1);
  EXPECT_EQ(page.attempts_of(Seq(5)), 2);
  const IndexPage::Exceptions all = page.all_exceptions();
  ASSERT_EQ(all.attempts.size(), 97u) << "what is written of it names each";
  EXPECT_EQ(all.attempts[1].offset, 4);
  EXPECT_EQ(all.attempts[1].count, 2);
  IndexPage restored;
  ASSERT_TRUE(restored.describe(places));
  ASSERT_TRUE(restored.restore(all));
  EXPECT_EQ(restored.memory_bytes(), page.memory_bytes());
  for (std::uint64_t seq = 4; seq <= 100; ++seq)
    ASSERT_EQ(restored.attempts_of(Seq(seq)), page.attempts_of(Seq(seq)));
}

TEST(IndexPage, ExpiresWhenAllOfItsRecordsDo) {
  std::vector<RecordPlace> places;
  for (std::uint64_t seq = 1; seq <= 3; ++seq)
    places.push_back({Seq(seq), {1, 100}, 1, IndexEntry::kPersistent, 0, WallMs(100 * seq)});
  IndexPage all;
  ASSERT_TRUE(all.describe(places));
  EXPECT_EQ(all.earliest_expiry, 100);
  EXPECT_FALSE(all.all_expired(299));
  EXPECT_TRUE(all.all_expired(300));
  places[1].expires_at_ms = 0;
  IndexPage some;
  ASSERT_TRUE(some.describe(places));
  EXPECT_EQ(some.earliest_expiry, 100);
  EXPECT_FALSE(some.all_expired(1000));
}

TEST(IndexPage, APlaceWithAFlagThatOnlyANewerNaruKnowsIsNotRead) {
  ByteBuffer out;
  PlaceWriter(out).put({Seq(1), {3, 100}, 27, IndexEntry::kPersistent, 0, 0});
  std::string newer(as_text(out.view()));
  newer.back() = static_cast<char>(newer.back() | 32);  // the flags
  RecordPlace place;
  ByteReader known(out.view());
  EXPECT_TRUE(PlaceReader(known).next(place));
  ByteReader unknown(as_bytes(newer));
  EXPECT_FALSE(PlaceReader(unknown).next(place));
}

TEST(IndexPage, DoesNotAdoptWhatIsNotHere) {
  Random random(1);
  IndexChunkPool pool(8);
  QueueIndex index(pool);
  auto places = random_places(random, 1, 40);
  for (const RecordPlace& place : places) push(index, place);
  const auto adopt = [&](std::vector<RecordPlace> some) {
    auto page = std::make_unique<IndexPage>();
    EXPECT_TRUE(page->describe(some));
    return index.adopt(std::move(page), some) != nullptr;
  };
  std::vector<RecordPlace> some(places.begin() + 10, places.begin() + 20);
  auto other = some;
  ++other[3].location.offset;
  EXPECT_FALSE(adopt(other)) << "another record";
  other = some;
  other.erase(other.begin() + 4);
  EXPECT_FALSE(adopt(other)) << "one that the page does not know";
  EXPECT_TRUE(adopt(some));
  EXPECT_FALSE(adopt(some)) << "twice";
  EXPECT_FALSE(adopt({places.begin() + 15, places.begin() + 25})) << "overlapping";
  EXPECT_EQ(all_of(index), places);
}

// Random pages of an index whose chunks are cut otherwise, as a replay meets them.
TEST(IndexPage, IndexWithPagesBehavesLikeAMap) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    IndexChunkPool pool(random.one_in(2) ? 8 : 64);
    QueueIndex index(pool);
    std::map<std::uint64_t, RecordPlace> model;
    std::map<std::uint64_t, std::vector<RecordPlace>> pages;  // what was stored, by first seq
    std::uint64_t next = 1;
    std::uint64_t paged = 0;  // the last seq of the last page
    for (int step = 0; step < 300; ++step) {
      if (random.one_in(2)) {
        for (const RecordPlace& place : random_places(random, next, 1 + random.below(30))) {
          push(index, place);
          model[place.seq.value] = place;
          next = place.seq.value + 1;
        }
      }
      if (random.one_in(3)) {
        const Seq first(random.below(next + 1));
        const Seq last(first.value + random.below(random.one_in(4) ? 200 : 10));
        index.visit(
            first, last, [](Seq, IndexEntry&) { return QueueIndex::Visit::erase; },
            [](IndexPage&) { return QueueIndex::Visit::erase; });
        std::erase_if(model, [&](const auto& it) {
          return it.first >= first.value && it.first <= last.value;
        });
      }
      if (random.one_in(2)) {
        std::vector<RecordPlace> some;
        for (auto it = model.upper_bound(paged); it != model.end() && some.size() < 20; ++it) {
          if (some.empty() && random.one_in(2)) continue;  // some stay between two pages
          some.push_back(it->second);
        }
        auto page = std::make_unique<IndexPage>();
        if (page->describe(some)) {
          paged = some.back().seq.value;
          IndexPage* adopted = index.adopt(std::move(page), some);
          ASSERT_NE(adopted, nullptr);
          pages[some.front().seq.value] = some;
          if (random.one_in(2)) {
            EXPECT_TRUE(index.spill(*adopted));
          }
        }
      }
      for (const auto& [first, places] : pages) {
        IndexPage* page = index.page_of(Seq(first));
        if (page == nullptr || page->first_seq().value != first || !random.one_in(4)) continue;
        if (page->state == IndexPage::State::spilled) {
          EXPECT_TRUE(index.load(*page, places));
        } else {
          EXPECT_TRUE(index.spill(*page));
        }
      }
      ASSERT_EQ(index.size(), model.size());
      const std::uint64_t probe = random.below(next + 1);
      const IndexPage* page = index.page_of(Seq(probe));
      const bool out = page != nullptr && page->state == IndexPage::State::spilled;
      ASSERT_EQ(out ? page->has(Seq(probe)) : index.find(Seq(probe)) != nullptr,
                model.contains(probe));
      if (out) continue;  // a cursor is never inside of what is not here
      const auto found = model.lower_bound(probe);
      Seq seq(probe);
      if (const IndexEntry* entry = index.at_or_after(seq)) {
        ASSERT_NE(found, model.end());
        EXPECT_EQ(place_of(seq, *entry), found->second);
      } else if (const IndexPage* ahead = index.page_at_or_after(Seq(probe))) {
        ASSERT_NE(found, model.end());
        EXPECT_TRUE(ahead->has(Seq(found->first)));
      } else {
        EXPECT_EQ(found, model.end());
      }
    }
    for (const auto& [first, places] : pages) {
      IndexPage* page = index.page_of(Seq(first));
      if (page != nullptr && page->state == IndexPage::State::spilled) {
        EXPECT_TRUE(index.load(*page, places));
      }
    }
    std::vector<RecordPlace> left;
    for (const auto& [seq, place] : model) left.push_back(place);
    EXPECT_EQ(all_of(index), left);
    index.clear();
    pool.keep_spare(false);
    EXPECT_EQ(pool.bytes(), 0u);
  }
}

}  // namespace
}  // namespace naru::core
