// What worries us: passwords guessed at the speed of the network.
#include "admin/login_throttle.h"

#include <gtest/gtest.h>

namespace naru::admin {
namespace {

TEST(LoginThrottle, ABurstOfFailuresIsStoppedAndOneASecondGoesOn) {
  LoginThrottle throttle(7);
  TimePoint now{std::chrono::hours(1)};
  int tried = 0;
  for (int i = 0; i < 1000; ++i) {
    if (!throttle.allows("10.0.0.1", now)) continue;
    ++tried;
    throttle.failed("10.0.0.1", now);
  }
  EXPECT_EQ(tried, 10);
  now += std::chrono::seconds(3);
  for (int i = 0; i < 1000; ++i) {
    if (!throttle.allows("10.0.0.1", now)) continue;
    ++tried;
    throttle.failed("10.0.0.1", now);
  }
  EXPECT_EQ(tried, 13);
}

TEST(LoginThrottle, OtherAddressesAreNotConcerned) {
  LoginThrottle throttle(7);
  const TimePoint now{};
  for (int i = 0; i < 10; ++i) throttle.failed("10.0.0.1", now);
  EXPECT_FALSE(throttle.allows("10.0.0.1", now));
  EXPECT_TRUE(throttle.allows("10.0.0.2", now));
}

TEST(LoginThrottle, SuccessesCostNothing) {
  LoginThrottle throttle(7);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(throttle.allows("::1", TimePoint{}));
}

}  // namespace
}  // namespace naru::admin
