// Damage outside of the log: what is missing, short or another file is refused by name; what a
// start does not read is found when it is moved, is told, and is kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"
#include "storage/manifest.h"

namespace naru::cluster {
namespace {

using storage::FileState;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

constexpr std::uint64_t kFileBytes = 64 * 1024;
constexpr const char* kDirectory = "data/wal/";

/// Promoted files (all of group 1 is live) and, with `kept_in`, copied segments, in a stopped
/// world.
class SegmentDamage : public ::testing::Test {
 protected:
  void fill(std::uint64_t kept_in) {
    ASSERT_STARTS(world_);
    for (std::uint64_t id = 1; id <= 320; ++id) {
      world_.append(1, id, 3000);
      world_.settle_down();
      if (id % kept_in != 0) world_.settle(1, id);
    }
    world_.settle_down();
    world_.stop();
  }
  storage::Manifest manifest() {
    return *storage::decode_manifest(world_.disk().content("data/wal/manifest"));
  }
  std::string promoted(std::size_t nth = 0) {
    for (const auto& file : manifest().files) {
      if (file.state == FileState::segment && nth-- == 0) {
        return kDirectory + storage::wal_file_name(file.number);
      }
    }
    return "none";
  }
  std::string copied(std::size_t nth = 0) {
    return kDirectory + storage::segment_file_name(manifest().segments.at(nth).number);
  }
  /// The start is refused: what it says.
  std::string refusal() {
    auto started = world_.start();
    if (started) return "it started";
    EXPECT_EQ(started.error().code, Errc::corrupt);
    EXPECT_NE(started.error().what.find("restore the data directory from a backup"),
              std::string::npos)
        << started.error().what;
    return started.error().what;
  }
  void expect_refused(const std::string& file, const std::string& what) {
    const std::string said = refusal();
    EXPECT_NE(said.find(file + ": " + what), std::string::npos) << said;
  }
  void cut_short(const std::string& file) {
    auto content = world_.disk().content(file);
    content.resize(content.size() - 4096);
    world_.disk().set_content(file, content);
  }
  void zero(const std::string& file) {
    world_.disk().set_content(file, std::vector<std::uint8_t>(world_.disk().content(file).size()));
  }
  void swap(const std::string& a, const std::string& b) {
    const auto content = world_.disk().content(a);
    world_.disk().set_content(a, world_.disk().content(b));
    world_.disk().set_content(b, content);
  }
  /// Traffic that makes segments sparse enough to be rewritten.
  void settle_most() {
    std::uint64_t count = 0;
    const auto messages = world_.state(1).messages();
    for (const auto& [id, message] : messages) {
      if (count++ % 16 != 0) world_.settle(1, id);
    }
    world_.settle_down();
  }

  struct Read {
    std::size_t right = 0;
    std::size_t zeros = 0;
  };
  /// Of the first `count` messages, in one call. Three are in the first file.
  Read read_first(std::size_t count) {
    std::vector<core::BodyRead> wanted;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, message] : world_.state(1).messages()) {
      if (ids.size() == count) break;
      wanted.push_back({message.location, message.bytes});
      ids.push_back(id);
    }
    Read read;
    world_.shard_journal(1).read(wanted, [&](const std::vector<Slice>& bodies) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const ByteView body = bodies[i].view;
        read.right += testing::body_matches(ids[i], body) ? 1 : 0;
        read.zeros +=
            std::ranges::all_of(body, [](std::uint8_t byte) { return byte == 0; }) ? 1 : 0;
      }
    });
    world_.settle_down();
    return read;
  }

  template <typename Keeps>
  void settle_all_but(Keeps keeps) {
    const auto messages = world_.state(1).messages();
    for (const auto& [id, message] : messages) {
      if (!keeps(message.location)) world_.settle(1, id);
    }
    world_.settle_down();
  }

  World world_{[] {
    WorldOptions options{.seed = 1, .journal = small_files()};
    options.journal.log_bytes_max = 2 * kFileBytes;
    options.journal.segment_dead_bytes_max = kFileBytes;
    options.live_max = 1000;
    return options;
  }()};
};

TEST_F(SegmentDamage, AMissingFileIsRefusedByName) {
  fill(4);
  const std::string file = copied();
  const auto content = world_.disk().content(file);
  ASSERT_TRUE(world_.disk().remove_now(file).has_value());
  expect_refused(file, "missing, although the manifest lists it");
  world_.disk().set_content(file, content);
  ASSERT_STARTS(world_);
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, AMissingPromotedFileIsRefusedByName) {
  fill(1);
  const std::string file = promoted(3);
  ASSERT_TRUE(world_.disk().remove_now(file).has_value());
  expect_refused(file, "missing, although the manifest lists it");
}

TEST_F(SegmentDamage, AShortFileIsRefusedWithItsPlace) {
  fill(4);
  const std::string file = copied();
  const auto bytes = world_.disk().content(file).size();
  cut_short(file);
  expect_refused(file, "cut short at offset " + std::to_string(bytes - 4096));
}

TEST_F(SegmentDamage, AShortPromotedFileIsRefusedWithItsPlace) {
  fill(1);
  const std::string file = promoted();
  cut_short(file);
  expect_refused(file, "cut short at offset ");
}

TEST_F(SegmentDamage, AZeroedFileIsRefused) {
  fill(4);
  const std::string file = copied();
  zero(file);
  expect_refused(file, "damaged at offset 0: ");
}

TEST_F(SegmentDamage, AZeroedPromotedFileIsRefused) {
  fill(1);
  const std::string file = promoted();
  zero(file);
  expect_refused(file, "damaged at offset 0: ");
}

TEST_F(SegmentDamage, SwappedFilesAreRefused) {
  fill(4);
  ASSERT_GE(manifest().segments.size(), 2U);
  std::string first = copied(0);
  std::string second = copied(1);
  // The shorter one would be missed for its size.
  if (world_.disk().content(first).size() > world_.disk().content(second).size())
    std::swap(first, second);
  world_.disk().set_content(first, world_.disk().content(second));
  expect_refused(first, "damaged at offset 0: this frame does not belong here");
}

TEST_F(SegmentDamage, SwappedPromotedFilesAreRefused) {
  fill(1);
  swap(promoted(1), promoted(2));
  expect_refused(promoted(1), "damaged at offset 0: this frame does not belong here");
}

TEST_F(SegmentDamage, ADamagedTableIsToldAndMadeAnewFromThePieces) {
  fill(4);
  const storage::ManifestSegment segment = manifest().segments.at(0);
  world_.disk().flip_bit(copied(), (segment.table + 100) * 8);
  ASSERT_STARTS(world_);
  EXPECT_EQ(world_.journal().figures().damaged, 0U) << "a start does not read it";
  world_.read_everything();
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, ABodyThatCannotBeFoundReadsAsZeros) {
  fill(4);
  const storage::ManifestSegment segment = manifest().segments.at(0);
  // The table, and the frame of the last bodies before it.
  world_.disk().flip_bit(copied(), (segment.table + 100) * 8);
  world_.disk().flip_bit(copied(), (segment.table - 4096) * 8);
  ASSERT_STARTS(world_);
  std::size_t right = 0;
  std::size_t zeros = 0;
  for (const auto& [id, message] : world_.state(1).messages()) {
    const core::BodyRead wanted[] = {{message.location, message.bytes}};
    world_.shard_journal(1).read(wanted, [&, wanted_id = id](const std::vector<Slice>& bodies) {
      const ByteView body = bodies.front().view;
      right += testing::body_matches(wanted_id, body) ? 1 : 0;
      zeros += std::ranges::all_of(body, [](std::uint8_t byte) { return byte == 0; }) ? 1 : 0;
    });
    world_.settle_down();
  }
  EXPECT_GT(right, 60U);
  EXPECT_GT(zeros, 0U);
  EXPECT_EQ(right + zeros, world_.state(1).messages().size());
  EXPECT_FALSE(world_.volume_error().has_value());
}

TEST_F(SegmentDamage, ADamagedSegmentIsToldWhenItIsRewrittenAndKept) {
  fill(1);
  const std::string file = promoted(2);
  // In the body of the second message of the file, which has a block of its own.
  world_.disk().flip_bit(file, (4096 + 2000) * 8);
  ASSERT_STARTS(world_);
  EXPECT_EQ(world_.journal().figures().damaged, 0U);
  settle_most();
  const auto figures = world_.journal().figures();
  EXPECT_EQ(figures.damaged, 1U);
  EXPECT_GT(figures.compaction.segments_written, 0U) << "the others were";
  EXPECT_TRUE(world_.disk().exists(file));
  world_.stop();
  ASSERT_STARTS(world_);
  EXPECT_TRUE(world_.disk().exists(file));
  // When nothing in it is needed any more, nothing is lost with it.
  const auto messages = world_.state(1).messages();
  for (const auto& [id, message] : messages) world_.settle(1, id);
  world_.settle_down();
  world_.append(2, 5000, 100);
  world_.settle_down();
  EXPECT_EQ(world_.journal().figures().segments, 0U);
}

// They are in the rewritten segment all the same, and not in its table: that is not their place.
TEST_F(SegmentDamage, WhatWasCopiedBeforeTheDamageWasFoundStaysLeftOut) {
  fill(1);
  const std::string file = promoted(2);
  const std::vector<storage::ManifestFile> files = manifest().files;
  const std::uint32_t sequence =
      std::ranges::find(files, file, [](const storage::ManifestFile& it) {
        return kDirectory + storage::wal_file_name(it.number);
      })->sequence;
  world_.disk().flip_bit(file, (kFileBytes - 4096 + 2000) * 8);  // in its last body
  ASSERT_STARTS(world_);
  settle_all_but([](core::BodyLocation at) { return at.offset < 2 * 4096; });
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  const std::uint64_t written = world_.journal().figures().compaction.segments_written;
  EXPECT_GT(written, 0U);
  // Two stay: the new segments are sparse, and rewritten.
  settle_all_but([&](core::BodyLocation at) {
    return at.offset < 4096 && (at.file == sequence || at.file == sequence + 1);
  });
  EXPECT_GT(world_.journal().figures().compaction.segments_written, written);
  world_.read_everything();
  world_.stop();
  std::set<std::uint32_t> sources;
  for (const auto& segment : manifest().segments) {
    for (const std::uint32_t source : segment.sources) {
      EXPECT_TRUE(sources.insert(source).second) << "file " << source << " is in two places";
    }
  }
  EXPECT_TRUE(world_.disk().exists(file));
  ASSERT_STARTS(world_);
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, AnUnreadableSegmentIsKeptToo) {
  fill(1);
  ASSERT_STARTS(world_);
  world_.disk().fail_nth(storage::testing::DiskOperation::read, 1, Errc::io);
  settle_most();
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_FALSE(world_.volume_error().has_value()) << "the log has no part in it";
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, ABadSectorCostsTheBodyInItAndNotTheReadAroundIt) {
  fill(1);
  ASSERT_STARTS(world_);
  // The read of several, and the first of those that it is made of.
  world_.disk().fail_nth(storage::testing::DiskOperation::read, 1, Errc::io, 2);
  const Read read = read_first(3);
  EXPECT_EQ(read.right, 2U);
  EXPECT_EQ(read.zeros, 1U);
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_FALSE(world_.volume_error().has_value());
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, AReadThatFailsOnceAndNotInItsPartsCostsNothing) {
  fill(1);
  ASSERT_STARTS(world_);
  world_.disk().fail_nth(storage::testing::DiskOperation::read, 1, Errc::io);
  EXPECT_EQ(read_first(3).right, 3U);
  EXPECT_EQ(world_.journal().figures().damaged, 0U);
}

TEST_F(SegmentDamage, AFileThatGoesMissingWhileItIsUsedIsToldOnce) {
  fill(1);
  ASSERT_STARTS(world_);
  ASSERT_TRUE(world_.disk().remove_now(promoted(0)).has_value());
  const Read read = read_first(3);
  EXPECT_EQ(read.zeros, 3U);
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_FALSE(world_.volume_error().has_value());
}

TEST_F(SegmentDamage, AFileThatIsCutShortWhileItIsUsedKeepsWhatIsLeft) {
  fill(1);
  ASSERT_STARTS(world_);
  auto content = world_.disk().content(promoted(0));
  const core::BodyLocation third =
      std::next(world_.state(1).messages().begin(), 2)->second.location;
  content.resize(third.offset + 1);
  world_.disk().set_content(promoted(0), content);
  const Read read = read_first(3);
  EXPECT_EQ(read.right, 2U);
  EXPECT_EQ(read.zeros, 1U);
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_FALSE(world_.volume_error().has_value());
}

TEST_F(SegmentDamage, ATableThatCannotBeReadIsMadeAnewFromThePieces) {
  fill(4);
  ASSERT_STARTS(world_);
  world_.disk().fail_nth(storage::testing::DiskOperation::read, 1, Errc::io);
  world_.read_everything();
  EXPECT_EQ(world_.journal().figures().damaged, 1U);
  EXPECT_FALSE(world_.volume_error().has_value());
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(SegmentDamage, SegmentsThatNoManifestListsAreLeftoversAndGo) {
  fill(4);
  world_.disk().set_content("data/wal/seg-00099999", std::vector<std::uint8_t>(8192));
  ASSERT_STARTS(world_);
  EXPECT_FALSE(world_.disk().exists("data/wal/seg-00099999"));
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

}  // namespace
}  // namespace naru::cluster
