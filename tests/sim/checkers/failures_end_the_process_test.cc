// A process that goes on without what its disk refused is told apart from one that ends.
#include "tests/sim/checkers/failures_end_the_process.h"

#include <gtest/gtest.h>

namespace naru::sim {
namespace {

TEST(Failures, AProcessThatGoesOnWithoutItsManifestIsNoticed) {
  Findings findings;
  FailuresEndTheProcess checker(findings);
  checker.on_log_failure("to replace data/wal/manifest", true);
  EXPECT_FALSE(findings.any());
  checker.on_log_failure("to replace data/wal/manifest", false);
  ASSERT_TRUE(findings.any());
  EXPECT_EQ(findings.first().what,
            "it failed to replace data/wal/manifest, and the process goes on");
}

}  // namespace
}  // namespace naru::sim
