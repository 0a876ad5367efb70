// What worries us: a tool that changes the disk it looks at, or that sees something else than what
// is there.

#include "storage/overlay_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/testing/fake_disk.h"

namespace naru::storage {
namespace {

using ::testing::UnorderedElementsAre;

std::string content(io::FileSystem& fs, const std::string& path) {
  return fs.read_file(path, 1 << 20).value_or("(none)");
}

TEST(OverlayFiles, ChangesAreSeenAndNotMade) {
  testing::FakeDisk disk(1);
  ASSERT_TRUE(disk.make_directory("d", 0700));
  ASSERT_TRUE(disk.replace_now("d/a", std::string(10'000, 'a')));
  ASSERT_TRUE(disk.replace_now("d/b", "b"));
  {
    OverlayFiles overlay(disk);
    auto file = overlay.open("d/a", {});
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_now(4'090, as_bytes(std::string(10, 'x'))));
    ASSERT_TRUE((*file)->write_now(9'998, as_bytes(std::string("end and more"))));
    const std::string expected =
        std::string(4'090, 'a') + std::string(10, 'x') + std::string(5'898, 'a') + "end and more";
    EXPECT_EQ(content(overlay, "d/a"), expected);
    std::vector<std::uint8_t> middle(20);
    ASSERT_TRUE((*overlay.open("d/a", {.write = false}))->read_now(4'085, middle));
    EXPECT_EQ(as_text(middle), "aaaaaxxxxxxxxxxaaaaa") << "another handle sees it too";
    EXPECT_EQ(*(*file)->size(), expected.size());

    ASSERT_TRUE(overlay.replace_now("d/b", "new"));
    ASSERT_TRUE(overlay.make_zeroed_now("d/z", 5'000));
    ASSERT_TRUE(overlay.rename("d/b", "d/c"));
    EXPECT_EQ(content(overlay, "d/c"), "new");
    EXPECT_EQ(content(overlay, "d/b"), "(none)");
    EXPECT_EQ(content(overlay, "d/z"), std::string(5'000, '\0'));
    ASSERT_TRUE(overlay.remove_now("d/z"));
    EXPECT_FALSE(overlay.open("d/z", {}));
    EXPECT_THAT(*overlay.list("d"), UnorderedElementsAre("a", "c"));
  }
  EXPECT_EQ(content(disk, "d/a"), std::string(10'000, 'a'));
  EXPECT_EQ(content(disk, "d/b"), "b");
  EXPECT_FALSE(disk.exists("d/c"));
}

TEST(OverlayFiles, OpenDoesAsItIsAsked) {
  testing::FakeDisk disk(1);
  ASSERT_TRUE(disk.replace_now("a", "a"));
  OverlayFiles overlay(disk);
  EXPECT_EQ(overlay.open("new", {}).error().code, Errc::not_found);
  EXPECT_EQ(overlay.open("a", {.create = true, .exclusive = true}).error().code,
            Errc::already_exists);
  ASSERT_TRUE(overlay.open("new", {.create = true}));
  EXPECT_EQ(content(overlay, "new"), "");
  EXPECT_FALSE(disk.exists("new"));
}

TEST(OverlayFiles, ErrorsOfTheDiskAreTold) {
  testing::FakeDisk disk(1);
  ASSERT_TRUE(disk.replace_now("a", "a"));
  OverlayFiles overlay(disk);
  auto file = overlay.open("a", {});
  ASSERT_TRUE(file);
  disk.fail_nth(testing::DiskOperation::read, 1);
  std::vector<std::uint8_t> into(1);
  EXPECT_FALSE((*file)->read_now(0, into));
}

}  // namespace
}  // namespace naru::storage
