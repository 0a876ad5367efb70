// A file is open while it is used, and few are.
#include "storage/stored_file.h"

#include <gtest/gtest.h>

#include "storage/testing/fake_disk.h"

namespace naru::storage {
namespace {

using testing::DiskOperation;
using testing::FakeDisk;

TEST(StoredFileTest, OtherNamesAreNobodys) {
  for (const char* name : {"wal-00000001", "seg-99999999", "wal-4294901760", "seg-100000000"})
    EXPECT_TRUE(is_stored_file(name)) << name;
  for (const char* name : {"wal-", "wal-1", "wal-00000016.bak", "wal-00000016~", "wal-notes.txt",
                           "seg-old", "wal-0000000a", "wal-+0000001", "wal- 0000001",
                           "wal-000000001", "wal-4294967296", "WAL-00000001", "log-00000001", ""})
    EXPECT_FALSE(is_stored_file(name)) << name;
}

class OpenFilesTest : public ::testing::Test {
 protected:
  OpenFilesTest() {
    for (int i = 0; i < 4; ++i) {
      files_[i].path = "file" + std::to_string(i);
      disk_.set_content(files_[i].path, {1, 2, 3});
    }
  }
  ~OpenFilesTest() override {
    for (StoredFile& file : files_) open_.close(file);
  }

  bool is_open(int i) const { return files_[i].handle != nullptr; }

  FakeDisk disk_{1};
  OpenFiles open_{disk_, false, 2};
  StoredFile files_[4];
};

TEST_F(OpenFilesTest, TheOneUsedLongestAgoIsClosedForANewOne) {
  ASSERT_TRUE(open_.open(files_[0]) && open_.open(files_[1]) && open_.open(files_[0]));
  ASSERT_TRUE(open_.open(files_[2]));
  EXPECT_TRUE(is_open(0) && !is_open(1) && is_open(2));
  EXPECT_EQ(disk_.open_files(), 2U);
}

TEST_F(OpenFilesTest, AFileWithReadersStaysOpen) {
  ASSERT_TRUE(open_.open(files_[0]));
  files_[0].readers = 1;
  ASSERT_TRUE(open_.open(files_[1]) && open_.open(files_[2]) && open_.open(files_[3]));
  EXPECT_TRUE(is_open(0) && is_open(3));
  EXPECT_EQ(disk_.open_files(), 2U);
}

TEST_F(OpenFilesTest, AFileThatIsKeptOpenIsNotCounted) {
  ASSERT_TRUE(open_.open(files_[0]));
  open_.keep_open(files_[0]);
  ASSERT_TRUE(open_.open(files_[1]) && open_.open(files_[2]) && open_.open(files_[3]));
  EXPECT_TRUE(is_open(0) && is_open(2) && is_open(3));
  open_.let_close(files_[0]);
  ASSERT_TRUE(open_.open(files_[1]));
  EXPECT_EQ(disk_.open_files(), 2U);
}

TEST_F(OpenFilesTest, WithoutDescriptorsWhatIsIdleIsClosedFirst) {
  ASSERT_TRUE(open_.open(files_[0]));
  disk_.fail_nth(DiskOperation::open, 1, Errc::limit);
  ASSERT_TRUE(open_.open(files_[1]));
  EXPECT_FALSE(is_open(0));
  disk_.fail_nth(DiskOperation::open, 1, Errc::limit, 2);
  EXPECT_EQ(open_.open(files_[2]).error().code, Errc::limit);
  EXPECT_TRUE(open_.open(files_[2]).has_value());
}

TEST(Located, EachKindOfTroubleHasItsRemedy) {
  const auto says = [](Errc code) { return located({code, "why"}, "wal-1", 4096).what; };
  EXPECT_EQ(says(Errc::corrupt),
            "wal-1: damaged at offset 4096: why; restore the data directory from a backup");
  EXPECT_EQ(says(Errc::version), "wal-1: offset 4096: why; start the newer program that wrote it");
  EXPECT_EQ(says(Errc::not_implemented),
            "wal-1: offset 4096: why; it is older than this program understands: start the older "
            "program that wrote it, or move the data directory away to start empty");
  EXPECT_EQ(says(Errc::io), "why") << "not about what is stored";
}

}  // namespace
}  // namespace naru::storage
