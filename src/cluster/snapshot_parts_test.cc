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

  void ask_for_piece(std::uint32_t group, bool first, std::size_t bytes_max) override {
    ++pieces_;
    asked_.push_back({group, first});
    if (!later_) writer_.add(piece(bytes_max + changed_));
  }
  static SnapshotPiece piece(std::size_t bytes, bool last = false) {
    SnapshotPiece made{.covers = 1, .term = 1};
    made.bytes.append(std::string(bytes, 'x'));
    made.last = last;
    return made;
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
  bool later_ = false;       // pieces come in a turn to come: the group is another shard's
  std::size_t pieces_ = 0;
  std::vector<std::pair<std::uint32_t, bool>> asked_;  // group, and whether for its first piece
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

TEST_F(SnapshotWriterTest, APieceThatComesLaterIsAskedForOnce) {
  later_ = true;
  writer_.want(1);
  for (int turn = 0; turn < 5; ++turn) ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_EQ(pieces_, 1U);
  EXPECT_EQ(wal_.staged_bytes(), 0U);
  writer_.add(piece(3 * kSlice, true));
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_GE(wal_.staged_bytes(), 3 * kSlice);
  EXPECT_TRUE(writer_.empty());
}

TEST_F(SnapshotWriterTest, OneGroupComesAfterTheOther) {
  later_ = true;
  using Asked = std::vector<std::pair<std::uint32_t, bool>>;
  writer_.want(1);
  writer_.want(2);
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_EQ(asked_, (Asked{{1, true}}));
  writer_.add(piece(kSlice));
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_EQ(asked_, (Asked{{1, true}, {1, false}}));
  writer_.add(piece(10, true));
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_EQ(asked_, (Asked{{1, true}, {1, false}, {2, true}})) << "what is left of the slice";
  writer_.add({.nothing = true});
  EXPECT_TRUE(writer_.empty());
}

TEST_F(SnapshotWriterTest, WhatComesWhenItWasGivenUpIsNobodys) {
  later_ = true;
  writer_.want(1);
  writer_.want(2);
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  writer_.stop();
  EXPECT_TRUE(writer_.empty());
  writer_.add(piece(kSlice, true));
  writer_.want(2);
  ASSERT_TRUE(writer_.stage(wal_, kSlice));
  EXPECT_EQ(wal_.staged_bytes(), 0U);
  EXPECT_EQ(pieces_, 1U);
}

}  // namespace
}  // namespace naru::cluster
