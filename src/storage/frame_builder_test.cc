// The blocks that frames are built in.
#include "storage/frame_builder.h"

#include <gtest/gtest.h>

#include "storage/wal_options.h"

namespace naru::storage {
namespace {

constexpr std::size_t kBlock = 2 * kWalBlockBytes;

void give(BlockPool& pool, int count) {
  for (int i = 0; i < count; ++i) pool.give(BlockRef::make(kBlock, kWalBlockBytes));
}

TEST(BlockPool, KeepsWhatMayBeNeededAgain) {
  BlockPool pool(kBlock);
  give(pool, 3);
  EXPECT_EQ(pool.idle_bytes(), 3 * kBlock);
  const BlockRef used = pool.take();
  EXPECT_EQ(pool.idle_bytes(), 2 * kBlock);
}

TEST(BlockPool, IsBounded) {
  BlockPool pool(kBlock);
  give(pool, 1000);
  EXPECT_EQ(pool.idle_bytes(), 32 * kBlock);
}

// While memory is short: what is given back later stays within the bound as well.
TEST(BlockPool, KeepsNoMoreThanItIsTold) {
  BlockPool pool(kBlock);
  give(pool, 8);
  pool.keep(2);
  EXPECT_EQ(pool.idle_bytes(), 2 * kBlock);
  give(pool, 8);
  EXPECT_EQ(pool.idle_bytes(), 2 * kBlock);
  pool.keep(0);
  give(pool, 8);
  EXPECT_EQ(pool.idle_bytes(), 0U);
  pool.keep(1000);
  give(pool, 1000);
  EXPECT_EQ(pool.idle_bytes(), 32 * kBlock);
}

}  // namespace
}  // namespace naru::storage
