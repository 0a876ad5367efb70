// The index of a queue against a std::map. What worries us: an entry that is found under another
// seq, or not at all, and memory that is not given back.

#include "core/queue/queue_index.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace naru::core {
namespace {

TEST(QueueIndex, FindsWhatWasPushed) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  for (std::uint64_t seq = 1; seq <= 2000; ++seq)
    index.push(Seq(seq)).record_bytes = static_cast<std::uint32_t>(seq);
  EXPECT_EQ(index.size(), 2000u);
  for (std::uint64_t seq = 2000; seq >= 1; --seq) {
    ASSERT_NE(index.find(Seq(seq)), nullptr);
    EXPECT_EQ(index.find(Seq(seq))->record_bytes, seq);
  }
  EXPECT_EQ(index.find(Seq(0)), nullptr);
  EXPECT_EQ(index.find(Seq(2001)), nullptr);
}

TEST(QueueIndex, OneOldRecordPinsOneChunk) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  for (std::uint64_t seq = 1; seq <= 1'000'000; ++seq) {
    index.push(Seq(seq));
    if (seq > 1)
      index.visit(Seq(seq), Seq(seq), [](Seq, IndexEntry&) { return QueueIndex::Visit::erase; });
  }
  EXPECT_EQ(index.size(), 1u);
  EXPECT_LE(index.chunk_count(), 2u);
}

TEST(QueueIndex, EntriesFarApartAreKeptApart) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  for (const std::uint64_t seq : {1ull, 2ull, 1ull << 40, (1ull << 40) + 1, 1ull << 60})
    index.push(Seq(seq));
  Seq seq(3);
  ASSERT_NE(index.at_or_after(seq), nullptr);
  EXPECT_EQ(seq, Seq(1ull << 40));
  EXPECT_EQ(index.find(Seq((1ull << 40) + 2)), nullptr);
  EXPECT_NE(index.find(Seq(1ull << 60)), nullptr);
}

TEST(QueueIndex, ShortQueueIsSmall) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  for (std::uint64_t seq = 1; seq <= 8; ++seq) index.push(Seq(seq));
  EXPECT_EQ(index.chunk_count(), 1u);
  EXPECT_LE(index.capacity(), 8u);
}

TEST(QueueIndex, NoChunkIsKeptForLaterWhileMemoryIsShort) {
  IndexChunkPool pool;
  QueueIndex index(pool);
  const auto fill_and_empty = [&](std::uint64_t first) {
    for (std::uint64_t seq = first; seq < first + 10'000; ++seq) index.push(Seq(seq));
    index.visit(Seq(first), Seq(first + 9'999),
                [](Seq, IndexEntry&) { return QueueIndex::Visit::erase; });
  };
  fill_and_empty(1);
  const std::size_t kept = pool.bytes();
  EXPECT_GT(kept, 100'000u);
  pool.keep_spare(false);
  EXPECT_LT(pool.bytes(), kept / 2);
  fill_and_empty(20'000);
  EXPECT_LT(pool.bytes(), kept / 2) << "what came back is freed";
}

TEST(QueueIndex, BehavesLikeAMapUnderRandomWork) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    IndexChunkPool pool;
    QueueIndex index(pool);
    std::map<std::uint64_t, std::uint32_t> model;
    std::uint64_t next = 1;
    for (int step = 0; step < 3000; ++step) {
      if (random.below(3) != 0) {
        for (std::uint64_t count = random.below(40); count > 0; --count) {
          next += random.one_in(10) ? 1 + random.below(1000) : 1;
          const auto value = static_cast<std::uint32_t>(random.next());
          index.push(Seq(next)).record_bytes = value;
          model[next] = value;
        }
      } else {
        const std::uint64_t first = random.below(next + 2);
        const std::uint64_t last = first + random.below(random.one_in(10) ? 5000 : 50);
        const bool all = random.one_in(2);
        auto expected = model.lower_bound(first);
        index.visit(Seq(first), Seq(last), [&](Seq seq, IndexEntry& entry) {
          EXPECT_EQ(seq.value, expected->first);
          EXPECT_EQ(entry.record_bytes, expected->second);
          const bool erase = all || random.one_in(2);
          expected = erase ? model.erase(expected) : std::next(expected);
          return erase ? QueueIndex::Visit::erase : QueueIndex::Visit::keep;
        });
        EXPECT_TRUE(expected == model.end() || expected->first > last);
      }
      const std::uint64_t probe = random.below(next + 5);
      const auto found = model.lower_bound(probe);
      Seq seq(probe);
      IndexEntry* entry = index.at_or_after(seq);
      ASSERT_EQ(entry == nullptr, found == model.end());
      if (entry != nullptr) {
        EXPECT_EQ(seq.value, found->first);
        EXPECT_EQ(entry->record_bytes, found->second);
      }
      ASSERT_EQ(index.find(Seq(probe)) != nullptr, model.contains(probe));
      ASSERT_EQ(index.size(), model.size());
      // A chunk is never without a live entry.
      ASSERT_LE(index.chunk_count(), model.size());
    }
  }
}

}  // namespace
}  // namespace naru::core
