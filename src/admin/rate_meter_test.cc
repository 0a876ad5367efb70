// What worries us: rates of a moment that says nothing, and samples of queues that are long gone.
#include "admin/rate_meter.h"

#include <gtest/gtest.h>

namespace naru::admin {
namespace {

using std::chrono::seconds;

struct NoListener final : core::Catalog::Listener {
  void on_queue_created(const core::QueueInfo&) override {}
  void on_queue_deleted(const core::QueueInfo&) override {}
  void on_tenant_deleted(core::TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}
};

class RateMeterTest : public ::testing::Test {
 protected:
  double published_rate(std::uint64_t published, int at_s) {
    core::QueueStats stats;
    stats.published = published;
    return meter_.measure(core::QueueId(7), stats, TimePoint(seconds(at_s))).published;
  }

  NoListener listener_;
  core::Catalog catalog_{listener_};
  RateMeter meter_{catalog_};
};

TEST_F(RateMeterTest, TheFirstLookKnowsNoRate) {
  EXPECT_EQ(published_rate(1000, 100), 0);
}

TEST_F(RateMeterTest, ARateIsOverTheTimeSinceTheSampleBefore) {
  published_rate(1000, 100);
  EXPECT_EQ(published_rate(1300, 130), 10);
  EXPECT_EQ(published_rate(1300, 140), 0);
}

TEST_F(RateMeterTest, AskingOftenDoesNotShortenTheInterval) {
  published_rate(0, 100);
  published_rate(100, 110);
  EXPECT_EQ(published_rate(1000, 111), 10);
  EXPECT_EQ(published_rate(1000, 114), 10);
  EXPECT_EQ(published_rate(1100, 115), 200);
}

TEST_F(RateMeterTest, AQueueThatSinksHasANegativeRate) {
  core::QueueStats stats;
  stats.ready = 100;
  stats.unacknowledged = 10;
  meter_.measure(core::QueueId(7), stats, TimePoint(seconds(10)));
  stats.ready = 0;
  const QueueRates rates = meter_.measure(core::QueueId(7), stats, TimePoint(seconds(20)));
  EXPECT_EQ(rates.messages, -10);
  EXPECT_EQ(rates.ready, -10);
  EXPECT_EQ(rates.unacknowledged, 0);
}

TEST_F(RateMeterTest, QueuesThatAreGoneAreForgotten) {
  published_rate(1000, 100);
  for (std::uint64_t id = 100; id < 1000; ++id) {
    meter_.measure(core::QueueId(id), {}, TimePoint(seconds(101)));
  }
  EXPECT_EQ(published_rate(2000, 110), 0) << "a queue that the catalogue does not know";
}

}  // namespace
}  // namespace naru::admin
