#include "storage/file_maker.h"

#include <gtest/gtest.h>

#include <optional>

#include "storage/testing/fake_disk.h"

namespace naru::storage {
namespace {

constexpr std::uint64_t kBytes = 64 << 10;

class FileMakerTest : public ::testing::Test {
 protected:
  FileMakerTest() { options_.zero_bytes_max = 16 << 10; }

  void start() {
    maker_.start("f", kBytes, now_, [this](Result<void> result) { made_ = std::move(result); });
    disk_.complete_all();
  }
  /// Turns in which nobody wants more than `through`; what they begin is done at once.
  void turn(std::uint64_t through, Duration later = {}) {
    now_ += later;
    maker_.go_on(through, now_, false);
    disk_.complete_all();
  }
  std::uint64_t writes() const { return disk_.issued() - 1; }  // the first makes the file

  testing::FakeDisk disk_{1};
  WalOptions options_;
  OpenFiles open_files_{disk_, true, 4};
  FileMaker maker_{disk_, open_files_, options_};
  TimePoint now_{std::chrono::seconds(1)};
  std::optional<Result<void>> made_;
};

TEST_F(FileMakerTest, WithoutHasteAPieceIsWrittenNowAndThen) {
  start();
  EXPECT_EQ(writes(), 1u) << "the room is taken, and the first piece is due";
  turn(0);
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(maker_.next_deadline(), now_ + options_.zero_interval);
  turn(0, options_.zero_interval);
  EXPECT_EQ(writes(), 2u);
  turn(0, options_.zero_interval);
  EXPECT_FALSE(made_);
  turn(0, options_.zero_interval);
  ASSERT_TRUE(made_ && *made_) << "four pieces and a sync";
  EXPECT_EQ(writes(), 5u);
  EXPECT_FALSE(maker_.busy());
  EXPECT_EQ(maker_.next_deadline(), kNever);
  EXPECT_EQ(disk_.content("f"), std::vector<std::uint8_t>(kBytes));
  disk_.power_cycle();
  EXPECT_EQ(disk_.content("f").size(), kBytes);
}

TEST_F(FileMakerTest, WhatIsWantedIsWrittenAtOnce) {
  start();
  turn((32 << 10) + 1);
  EXPECT_EQ(writes(), 3u);
  turn(kBytes);
  ASSERT_TRUE(made_ && *made_);
  EXPECT_EQ(writes(), 5u);
}

TEST_F(FileMakerTest, AloneItGoesOnByItself) {
  start();
  maker_.go_on(0, now_, true);
  disk_.complete_all();
  ASSERT_TRUE(made_ && *made_);
}

TEST_F(FileMakerTest, OneOperationIsInFlight) {
  maker_.start("f", kBytes, now_, [this](Result<void> result) { made_ = std::move(result); });
  for (int i = 0; i < 3; ++i) {
    maker_.go_on(kBytes, now_, false);
    EXPECT_EQ(disk_.in_flight(), 1u);
    EXPECT_TRUE(maker_.in_flight());
    EXPECT_EQ(maker_.next_deadline(), kNever);
  }
  while (!made_) {
    EXPECT_EQ(disk_.in_flight(), 1u);
    disk_.complete_one();
  }
  EXPECT_FALSE(maker_.in_flight());
}

TEST_F(FileMakerTest, AWriteThatFailsNamesItsFile) {
  disk_.fail_nth(testing::DiskOperation::write, 2, Errc::io);
  start();
  turn(kBytes);
  ASSERT_TRUE(made_ && !*made_);
  EXPECT_TRUE(made_->error().what.starts_with("f: ")) << made_->error().what;
  EXPECT_FALSE(maker_.busy());
}

TEST_F(FileMakerTest, WithoutRoomItSaysSoBeforeAnythingIsWritten) {
  disk_.set_capacity(kBytes / 2);
  start();
  ASSERT_TRUE(made_ && !*made_);
  EXPECT_EQ(made_->error().code, Errc::no_space);
  EXPECT_FALSE(maker_.busy());
}

}  // namespace
}  // namespace naru::storage
