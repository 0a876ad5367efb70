// What worries us: a snapshot that grows faster than it leaves, as its group changes meanwhile.
#include "cluster/snapshot_parts.h"

#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "storage/testing/fake_disk.h"

namespace naru::cluster {
namespace {

constexpr std::size_t kSlice = 512;

/// Its first file is large enough for all of a test.
storage::WalOptions one_file() {
  storage::WalOptions options = testing::small_files().wal;
  options.first_file_bytes = options.file_bytes = 256 * 1024;
  return options;
}

class SnapshotWriterTest : public ::testing::Test,
                           protected SnapshotSource,
                           private storage::WalClient {
 protected:
  SnapshotWriterTest() {
    EXPECT_TRUE(disk_.make_directory("data", 0700));
    EXPECT_TRUE(wal_.open(random_, [](const auto&) { return Result<void>(); }));
    EXPECT_TRUE(wal_.begin_run());
  }

  void ask_for_piece(std::uint32_t, bool, std::size_t bytes_max) override {
    ++pieces_;
    SnapshotPiece piece{.covers = 1, .term = 1};
    piece.bytes.append(std::string(bytes_max + changed_, 'x'));
    writer_.add(std::move(piece));
  }
  void on_durable(const storage::DurableFrame&) override {}
  void on_volume_failed(const Error& error) override { ADD_FAILURE() << error.what; }
  void on_space(storage::LogSpace) override {}
  void on_damage(const std::string&, std::uint64_t, const std::string&) override {}

  Random random_{1};
  NullLogger log_;
  storage::testing::FakeDisk disk_{1};
  storage::Wal wal_{disk_, one_file(), log_, *this};
  SnapshotWriter writer_{*this};
  std::size_t changed_ = 0;  // bytes that each piece has beyond those that were asked for
  std::size_t pieces_ = 0;
};

TEST_F(SnapshotWriterTest, WhatChangedMeanwhileLeavesWithItsPiece) {
  writer_.want(1);
  changed_ = 9 * kSlice;
  for (std::size_t turn = 1; turn <= 20; ++turn) {
    const std::size_t before = wal_.staged_bytes();
    ASSERT_TRUE(writer_.stage(wal_, kSlice));
    EXPECT_EQ(pieces_, turn) << "each piece has left before the next is made";
    EXPECT_GE(wal_.staged_bytes() - before, 10 * kSlice);
    ASSERT_TRUE(wal_.write_now());
  }
}

TEST_F(SnapshotWriterTest, ATurnStagesASliceWhereNothingChanges) {
  writer_.want(1);
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_GE(wal_.staged_bytes(), kSlice);
  EXPECT_LT(wal_.staged_bytes(), 2 * kSlice);
}

}  // namespace
}  // namespace naru::cluster
