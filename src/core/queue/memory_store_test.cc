// Records that live in memory only. What worries us: bytes that change while somebody needs them,
// and memory that does not come back.

#include "core/queue/memory_store.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "base/random.h"

namespace naru::core {
namespace {

struct Stored {
  BodyLocation key;
  std::uint32_t bytes = 0;
  std::string body;
};

Stored put(MemoryStore& store, std::string body, std::uint32_t references = 1) {
  message::RecordView record;
  record.body = as_bytes(body);
  const auto bytes = static_cast<std::uint32_t>(message::encoded_bytes(record));
  ByteBuffer front;
  const BodyLocation key = store.put({record, front}, record.body, references);
  return {key, bytes, std::move(body)};
}

std::string body_of(const MemoryStore& store, const Stored& stored) {
  return std::string(as_text(message::decode_record(store.view(stored.key, stored.bytes))->body));
}

TEST(MemoryStore, KeepsRecordsUntilTheyAreReleasedAsOftenAsStored) {
  MemoryStore store;
  const Stored a = put(store, "a", 3);
  const Stored b = put(store, std::string(100'000, 'b'));
  store.release(a.key);
  store.release(a.key);
  put(store, "c");
  EXPECT_EQ(body_of(store, a), "a");
  EXPECT_EQ(body_of(store, b), b.body);
}

TEST(MemoryStore, MemoryReturnsWhenABacklogIsGone) {
  MemoryStore store;
  std::vector<Stored> backlog;
  for (int i = 0; i < 100'000; ++i) backlog.push_back(put(store, std::string(200, 'x')));
  EXPECT_GT(store.bytes(), 20u << 20);
  for (const Stored& it : backlog) store.release(it.key);
  EXPECT_LE(store.bytes(), 2u << 20);
}

// Else what consumers take while memory is short would make room for nobody.
TEST(MemoryStore, NothingIsKeptForLaterWhileMemoryIsShort) {
  MemoryStore store;
  std::vector<Stored> backlog;
  for (int i = 0; i < 10'000; ++i) backlog.push_back(put(store, std::string(200, 'x')));
  const std::size_t full = store.bytes();
  store.keep_spare(false);
  EXPECT_EQ(store.bytes(), full) << "all of it is needed";
  for (const Stored& it : backlog) store.release(it.key);
  EXPECT_EQ(store.bytes(), 0u);
  const Stored one = put(store, "1");
  EXPECT_EQ(body_of(store, one), "1");
  store.release(one.key);
  EXPECT_EQ(store.bytes(), 0u);
  store.keep_spare(true);
  store.release(put(store, "2").key);
  EXPECT_EQ(store.bytes(), 64u << 10);
  store.keep_spare(false);
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(MemoryStore, SteadyTrafficStaysInOneChunk) {
  MemoryStore store;
  for (int i = 0; i < 100'000; ++i) store.release(put(store, std::string(50, 'x')).key);
  EXPECT_LE(store.bytes(), 64u << 10);
}

TEST(MemoryStore, OwnerKeepsBytesAfterTheirRelease) {
  MemoryStore store;
  const Stored a = put(store, std::string(1000, 'a'));
  const ByteView view = store.view(a.key, a.bytes);
  const BlockRef held = *store.owner(a.key);
  store.release(a.key);
  for (int i = 0; i < 1000; ++i) put(store, std::string(1000, 'b'));
  EXPECT_EQ(as_text(message::decode_record(view)->body), a.body);
}

TEST(MemoryStore, RandomWorkKeepsEveryBody) {
  Random random(3);
  MemoryStore store;
  std::deque<Stored> live;
  for (int step = 0; step < 100'000; ++step) {
    if (random.below(100) < 52 && live.size() < 5000) {
      const std::size_t bytes = random.one_in(100) ? random.below(100'000) : random.below(300);
      live.push_back(put(store, std::string(bytes, static_cast<char>('a' + step % 26))));
    } else if (!live.empty()) {
      std::swap(live.front(), live[random.below(live.size())]);
      EXPECT_EQ(body_of(store, live.front()), live.front().body);
      store.release(live.front().key);
      live.pop_front();
    }
  }
}

}  // namespace
}  // namespace naru::core
