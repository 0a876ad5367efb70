// Worry: a live peer declared dead, a dead one kept for ever, and an idle connection that sends
// nothing (clients then close it).
#include "protocol/amqp091/heartbeat.h"

#include <gtest/gtest.h>

namespace naru::amqp091 {
namespace {

TimePoint at(int seconds) {
  return TimePoint(std::chrono::seconds(seconds));
}

TEST(Heartbeat, IsOffUntilStartedAndWithTimeoutZero) {
  Heartbeat heartbeat;
  EXPECT_EQ(heartbeat.next(), kNever);
  heartbeat.start(0, at(0));
  EXPECT_EQ(heartbeat.next(), kNever);
}

TEST(Heartbeat, SendsEveryHalfTimeoutWhenNothingElseWasSent) {
  Heartbeat heartbeat;
  heartbeat.start(10, at(0));
  EXPECT_EQ(heartbeat.next(), at(5));
  EXPECT_TRUE(heartbeat.on_deadline(at(5)).send);
  heartbeat.sent();
  EXPECT_FALSE(heartbeat.on_deadline(at(10)).send);
  EXPECT_TRUE(heartbeat.on_deadline(at(15)).send);
}

TEST(Heartbeat, APeerIsDeadAfterTwoSilentIntervals) {
  Heartbeat heartbeat;
  heartbeat.start(10, at(0));
  heartbeat.received();
  EXPECT_FALSE(heartbeat.on_deadline(at(10)).dead);
  EXPECT_FALSE(heartbeat.on_deadline(at(20)).dead);
  EXPECT_TRUE(heartbeat.on_deadline(at(30)).dead);
}

TEST(Heartbeat, AnyOctetRevivesThePeer) {
  Heartbeat heartbeat;
  heartbeat.start(10, at(0));
  EXPECT_FALSE(heartbeat.on_deadline(at(10)).dead);
  heartbeat.received();
  EXPECT_FALSE(heartbeat.on_deadline(at(20)).dead);
  EXPECT_FALSE(heartbeat.on_deadline(at(30)).dead);
  EXPECT_TRUE(heartbeat.on_deadline(at(40)).dead);
}

TEST(Heartbeat, SilenceDoesNotCountWhileTheSessionDoesNotRead) {
  Heartbeat heartbeat;
  heartbeat.start(10, at(0));
  heartbeat.pause();
  for (int second = 10; second <= 100; second += 10)
    EXPECT_FALSE(heartbeat.on_deadline(at(second)).dead);
  heartbeat.resume();
  EXPECT_FALSE(heartbeat.on_deadline(at(110)).dead);
  EXPECT_FALSE(heartbeat.on_deadline(at(120)).dead);
  EXPECT_TRUE(heartbeat.on_deadline(at(130)).dead);
}

}  // namespace
}  // namespace naru::amqp091
