// Files of the log that were made ahead and are gone. What worries us: a start that is refused for
// nothing, and one that is not although the last run may have gone on in such a file.
#include <gtest/gtest.h>

#include <string>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"
#include "storage/manifest.h"
#include "storage/stored_file.h"

namespace naru::cluster {
namespace {

using storage::FileState;
using testing::small_files;
using testing::World;

class MadeAhead : public ::testing::Test {
 protected:
  /// The first file that the manifest has in that state; empty when there is none.
  std::string file_in(FileState state) {
    const auto manifest = storage::decode_manifest(world_.disk().content("data/wal/manifest"));
    for (const auto& record : manifest->files) {
      if (record.state == state) return "data/wal/" + storage::wal_file_name(record.number);
    }
    return "";
  }
  void append(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t id = first; id <= last; ++id) {
      world_.append(1, id, 3000);
      world_.settle_down();
    }
  }
  void remove(const std::string& file) {
    ASSERT_NE(file, "");
    ASSERT_TRUE(world_.disk().remove_now(file));
  }

  World world_{[] {
    testing::WorldOptions options{.seed = 1, .journal = small_files()};
    options.live_max = 1000;
    return options;
  }()};
};

TEST_F(MadeAhead, AReadyOneIsMadeAgainBehindALogThatWasClosed) {
  ASSERT_STARTS(world_);
  append(1, 40);
  world_.stop();
  remove(file_in(FileState::ready));
  ASSERT_STARTS(world_);
  append(41, 80);
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

TEST_F(MadeAhead, AReadyOneIsMissedBehindARunThatWasCutShort) {
  ASSERT_STARTS(world_);
  append(1, 40);
  world_.stop();
  ASSERT_STARTS(world_);
  for (std::uint64_t id = 41; id < 200 && file_in(FileState::ready).empty(); ++id) append(id, id);
  world_.kill();
  const std::string file = file_in(FileState::ready);
  remove(file);
  const auto started = world_.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().what.find(file + ": missing"), std::string::npos)
      << started.error().what;
  EXPECT_NE(started.error().what.find("backup"), std::string::npos) << started.error().what;
}

TEST_F(MadeAhead, AFreeOneIsMadeAgainHoweverTheRunEnded) {
  ASSERT_STARTS(world_);
  std::uint64_t id = 1;
  for (; id < 1000 && file_in(FileState::free).empty(); ++id) {
    append(id, id);
    world_.settle(1, id);
  }
  const std::string file = file_in(FileState::free);
  ASSERT_NE(file, "") << "no file became free";
  world_.kill();
  auto content = world_.disk().content(file);
  content.resize(content.size() - 4096);
  world_.disk().set_content(file, content);
  ASSERT_STARTS(world_);
  append(id, id + 40);
  world_.read_everything();
  EXPECT_NO_VIOLATION(world_);
}

}  // namespace
}  // namespace naru::cluster
