// What worries us: short transfers, errors that get lost on the way back from a thread, callbacks
// after destruction, half-replaced files.
#include "io/asio/file_system.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "io/asio/test_support.h"

namespace naru::io::asio_impl {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  std::unique_ptr<File> open(const std::string& name, OpenOptions options = {.create = true}) {
    auto file = files.open(directory / name, options);
    EXPECT_TRUE(file) << file.error().what;
    return std::move(*file);
  }
  /// Runs until `slot` was filled by a callback.
  template <typename T>
  T& wait(std::optional<T>& slot) {
    const RunUntil run(loop, [&] { return slot.has_value(); });
    return *slot;
  }
  template <typename T>
  static auto into(std::optional<T>& slot) {
    return [&slot](T result) { slot = std::move(result); };
  }

  TemporaryDirectory directory;
  Loop loop;
  ThreadPool pool{{.name = "test-files", .thread_count = 3}};
  PosixFileSystem files{loop, pool};
};

TEST_F(FileSystemTest, WhatIsWrittenIsRead) {
  auto file = open("a");
  for (const WriteSync sync : {WriteSync::none, WriteSync::data}) {
    std::optional<Result<std::size_t>> written;
    file->write(3, as_bytes("ferry"), sync, into(written));
    EXPECT_EQ(wait(written), 5u);
  }
  std::array<std::uint8_t, 16> buffer{};
  std::optional<Result<std::size_t>> got;
  file->read(2, buffer, into(got));
  EXPECT_EQ(wait(got), 6u) << "fewer only at the end of the file";
  EXPECT_EQ(as_text(ByteView(buffer).subspan(1, 5)), "ferry");
  EXPECT_EQ(file->size(), 8u);
}

TEST_F(FileSystemTest, ABlockingCallThatFailsNamesTheFile) {
  open("a");
  const auto file = open("a", {.write = false});
  const auto written = file->write_now(0, as_bytes("ferry"));
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().what.starts_with(directory / "a: ")) << written.error().what;
}

TEST_F(FileSystemTest, SeveralWritesMayBeInFlight) {
  auto file = open("a");
  constexpr std::size_t kWrites = 32;
  std::vector<std::string> blocks;
  std::size_t completed = 0;
  for (std::size_t i = 0; i < kWrites; ++i) {
    blocks.emplace_back(4096, static_cast<char>('a' + i % 26));
  }
  for (std::size_t i = 0; i < kWrites; ++i) {
    file->write(i * 4096, as_bytes(blocks[i]), WriteSync::none, [&](Result<std::size_t> result) {
      EXPECT_EQ(result, 4096u);
      ++completed;
    });
  }
  const RunUntil run(loop, [&] { return completed == kWrites; });
  std::optional<Result<void>> synced;
  file->sync(into(synced));
  EXPECT_TRUE(wait(synced));
  for (std::size_t i = 0; i < kWrites; ++i) {
    std::array<std::uint8_t, 4096> buffer{};
    EXPECT_EQ(file->read_now(i * 4096, buffer), 4096u);
    EXPECT_EQ(as_text(buffer), blocks[i]);
  }
}

TEST_F(FileSystemTest, DirectFilesTakeWholeAlignedBlocks) {
  auto file = open("a", {.create = true, .direct = true});
  const BlockRef block = BlockRef::make(8192, kDirectAlignment);
  std::memset(block->data(), 7, 8192);
  std::optional<Result<std::size_t>> written;
  file->write(4096, {block->data(), 8192}, WriteSync::data, into(written));
  EXPECT_EQ(wait(written), 8192u);
  // Where direct I/O is refused (older tmpfs), the file opens buffered and says so; newer tmpfs
  // takes anything.
  struct statfs volume{};
  ASSERT_EQ(::statfs((directory / "a").c_str(), &volume), 0);
  if (file->direct() && volume.f_type != TMPFS_MAGIC) {
    std::optional<Result<std::size_t>> odd;
    file->write(1, {block->data() + 1, 100}, WriteSync::none, into(odd));
    EXPECT_FALSE(wait(odd));
  }
}

TEST_F(FileSystemTest, AFailedWriteIsAValue) {
  open("a");
  auto file = open("a", {.write = false});
  std::optional<Result<std::size_t>> written;
  file->write(0, as_bytes("x"), WriteSync::data, into(written));
  ASSERT_FALSE(wait(written));
  EXPECT_EQ(written->error().code, Errc::io);
}

TEST_F(FileSystemTest, OpenSaysWhy) {
  EXPECT_EQ(files.open(directory / "none", {}).error().code, Errc::not_found);
  open("a");
  EXPECT_EQ(files.open(directory / "a", {.create = true, .exclusive = true}).error().code,
            Errc::already_exists);
}

TEST_F(FileSystemTest, AZeroedFileHasItsSizeAndIsAllZeros) {
  constexpr std::uint64_t kBytes = 3 * 1024 * 1024 + 4096;
  std::optional<Result<void>> made;
  files.make_zeroed(directory / "zeros", kBytes, into(made));
  ASSERT_TRUE(wait(made)) << made->error().what;
  const std::string content = *files.read_file(directory / "zeros", kBytes);
  EXPECT_EQ(content, std::string(kBytes, '\0'));
  // An overwrite leaves nothing of the old content.
  ASSERT_TRUE(files.make_zeroed_now(directory / "zeros", 100));
  EXPECT_EQ(files.read_file(directory / "zeros", 1000), std::string(100, '\0'));
}

TEST_F(FileSystemTest, AnAllocatedFileHasItsRoomAndReadsAsZeros) {
  constexpr std::uint64_t kBytes = 3 * 1024 * 1024;
  ASSERT_TRUE(files.replace_now(directory / "room", "something older"));
  std::optional<Result<void>> made;
  files.allocate(directory / "room", kBytes, into(made));
  ASSERT_TRUE(wait(made)) << made->error().what;
  EXPECT_EQ(*files.read_file(directory / "room", kBytes), std::string(kBytes, '\0'));
  struct stat status{};
  ASSERT_EQ(::stat((directory / "room").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, static_cast<blkcnt_t>(kBytes));
  made.reset();
  files.allocate(directory / "huge", std::uint64_t{1} << 60, into(made));
  ASSERT_FALSE(wait(made));
  EXPECT_EQ(files.read_file(directory / "huge", 1).error().code, Errc::not_found);
}

TEST_F(FileSystemTest, AZeroedFileThatDoesNotFitLeavesNothing) {
  std::optional<Result<void>> made;
  // More than any volume has.
  files.make_zeroed(directory / "huge", std::uint64_t{1} << 60, into(made));
  ASSERT_FALSE(wait(made));
  EXPECT_TRUE(made->error().what.starts_with(directory / "huge")) << made->error().what;
  EXPECT_EQ(files.read_file(directory / "huge", 1).error().code, Errc::not_found);
}

TEST_F(FileSystemTest, ReplaceIsWholeAndLeavesNoTemporary) {
  ASSERT_TRUE(files.replace_now(directory / "state", "one"));
  std::optional<Result<void>> replaced;
  files.replace(directory / "state", "two", into(replaced));
  EXPECT_TRUE(wait(replaced));
  EXPECT_EQ(files.read_file(directory / "state", 10), "two");
  EXPECT_EQ(files.list(directory.path()), std::vector<std::string>{"state"});
}

TEST_F(FileSystemTest, ReadFileChecksTheSizeFirst) {
  ASSERT_TRUE(files.replace_now(directory / "state", "12345"));
  EXPECT_EQ(files.read_file(directory / "state", 4).error().code, Errc::corrupt);
  EXPECT_EQ(files.read_file(directory / "state", 5), "12345");
}

TEST_F(FileSystemTest, DirectoriesAreMadeOnce) {
  EXPECT_TRUE(files.make_directory(directory / "d", 0700));
  EXPECT_TRUE(files.make_directory(directory / "d", 0700));
  EXPECT_FALSE(files.make_directory(directory / "none/d", 0700));
  ASSERT_TRUE(files.replace_now(directory / "file", ""));
  EXPECT_EQ(files.make_directory(directory / "file", 0700).error().code, Errc::already_exists);
}

TEST_F(FileSystemTest, FilesAreRenamedAndRemoved) {
  ASSERT_TRUE(files.replace_now(directory / "a", "x"));
  EXPECT_TRUE(files.rename(directory / "a", directory / "b"));
  EXPECT_TRUE(files.sync_directory(directory.path()));
  EXPECT_TRUE(files.remove_now(directory / "b"));
  EXPECT_EQ(files.remove_now(directory / "b").error().code, Errc::not_found);
}

TEST_F(FileSystemTest, FilesAreRemovedInTheBackground) {
  ASSERT_TRUE(files.replace_now(directory / "a", "x"));
  std::optional<Result<void>> removed;
  files.remove(directory / "a", into(removed));
  EXPECT_TRUE(wait(removed));
  EXPECT_TRUE(files.list(directory.path())->empty());
  std::optional<Result<void>> again;
  files.remove(directory / "a", into(again));
  ASSERT_FALSE(wait(again));
  EXPECT_EQ(again->error().code, Errc::not_found);
  EXPECT_TRUE(again->error().what.starts_with(directory / "a")) << again->error().what;
}

TEST_F(FileSystemTest, ALockIsHeldOnceAndReleased) {
  auto first = files.lock(directory.path());
  ASSERT_TRUE(first);
  EXPECT_EQ(files.lock(directory.path()).error().code, Errc::resource_locked);
  EXPECT_EQ(files.lock_to_look(directory.path()).error().code, Errc::resource_locked);
  first->reset();
  EXPECT_TRUE(files.lock(directory.path()));
}

TEST_F(FileSystemTest, ALockOutlivesItsFile) {
  auto first = files.lock(directory.path());
  ASSERT_TRUE(first);
  ASSERT_TRUE(files.remove_now(directory / "lock"));
  EXPECT_EQ(files.lock(directory.path()).error().code, Errc::resource_locked);
  EXPECT_EQ(files.lock_to_look(directory.path()).error().code, Errc::resource_locked);
}

// A broker of an earlier version holds the file and not the directory.
TEST_F(FileSystemTest, WhoHoldsTheFileAloneHoldsTheDirectory) {
  const int file = ::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(files.lock(directory.path()).error().code, Errc::resource_locked);
  EXPECT_EQ(files.lock_to_look(directory.path()).error().code, Errc::resource_locked);
  ::close(file);
  EXPECT_TRUE(files.lock(directory.path()));
}

TEST_F(FileSystemTest, WhoOnlyLooksLocksAndMakesNothing) {
  auto held = files.lock_to_look(directory.path());
  ASSERT_TRUE(held);
  EXPECT_TRUE(files.list(directory.path())->empty());
  EXPECT_EQ(files.lock(directory.path()).error().code, Errc::resource_locked);
}

TEST_F(FileSystemTest, OnlyFilesAreListed) {
  open("file");
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  ASSERT_TRUE(files.make_directory(directory / "folder", 0700));
  ASSERT_EQ(::symlink("file", (directory / "link").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", (directory / "dangling").c_str()), 0);
  ASSERT_EQ(::symlink("folder", (directory / "elsewhere").c_str()), 0);
  auto names = files.list(directory.path());
  ASSERT_TRUE(names);
  std::ranges::sort(*names);
  EXPECT_EQ(*names, (std::vector<std::string>{"file", "link"}));
}

// A pipe in the place of a file: nobody waits for its other end.
TEST_F(FileSystemTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  const std::string pipe = directory / "pipe";
  const std::string folder = directory / "folder";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_TRUE(files.make_directory(folder, 0700));
  for (const std::string& path : {pipe, folder}) {
    const Error refused{Errc::precondition_failed, path + ": not a regular file"};
    EXPECT_EQ(files.open(path, {.write = false}).error(), refused);
    EXPECT_EQ(files.open(path, {}).error(), refused);
    EXPECT_EQ(files.read_file(path, 100).error(), refused);
    EXPECT_EQ(files.make_zeroed_now(path, 4096).error(), refused);
  }
  ASSERT_EQ(::mkfifo((directory / "a.tmp").c_str(), 0600), 0);
  EXPECT_EQ(files.replace_now(directory / "a", "text").error().code, Errc::precondition_failed);
}

TEST_F(FileSystemTest, TheVolumeHasRoom) {
  auto space = files.space(directory.path());
  ASSERT_TRUE(space);
  EXPECT_GT(space->free_bytes, 0u);
  EXPECT_GE(space->total_bytes, space->free_bytes);
}

TEST(FileSystem, DestructionWaitsForWhatIsInFlightAndDropsItsCallbacks) {
  TemporaryDirectory directory;
  Loop loop;
  ThreadPool pool({.name = "test-files", .thread_count = 1});
  bool called = false;
  {
    PosixFileSystem files(loop, pool);
    files.make_zeroed(directory / "zeros", 1024 * 1024, [&](Result<void>) { called = true; });
  }
  struct stat status{};
  ASSERT_EQ(::stat((directory / "zeros").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 1024 * 1024);
  bool done = false;
  loop.post([&] { done = true; });
  const RunUntil run(loop, [&] { return done; });
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace naru::io::asio_impl
