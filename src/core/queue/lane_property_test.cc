// Random work on a lane with crashes at random points, against a naive model. What worries us: a
// confirmed record that is lost, a settled one that comes back, two holders of one record, an order
// that is not FIFO, a record that may have been seen and is not flagged, a consumer that waits
// while records are ready.

#include <gtest/gtest.h>

#include "core/queue/lane_model.h"

namespace naru::core {
namespace {

TEST(LaneProperty, HoldsForRandomWorkAndCrashes) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LaneModel(seed).run(400);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace naru::core
