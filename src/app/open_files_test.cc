// What worries us: strangers who take the descriptors that the log needs.
#include "app/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace naru::app {
namespace {

TEST(OpenFiles, ConnectionsLeaveARestToTheLog) {
  for (const std::uint64_t limit : {64u, 256u, 1024u, 65'536u, 1'048'576u}) {
    for (const std::uint64_t wanted : {std::uint64_t{0}, limit}) {
      const OpenFilesShares shares = share_open_files(limit, wanted);
      EXPECT_GE(shares.connections_max, 1u);
      EXPECT_GE(shares.http_connections_max, 4u);
      EXPECT_LE(shares.connections_max + shares.http_connections_max + 48, limit) << limit;
    }
  }
  EXPECT_GT(share_open_files(1'048'576, 0).connections_max, 1'000'000u);
}

TEST(OpenFiles, FewerConnectionsMayBeWanted) {
  EXPECT_EQ(share_open_files(1024, 10).connections_max, 10u);
}

TEST(OpenFiles, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_open_files_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace naru::app
