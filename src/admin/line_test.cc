// What worries us: too much at once, one who is forgotten, a line without an end, and one who waits
// for ever.
#include "admin/line.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "admin/test_support.h"

namespace naru::admin {
namespace {

class LineTest : public HttpApiTest {
 protected:
  static constexpr std::size_t kSizeMax = 10;
  static constexpr Duration kWaitMax = std::chrono::seconds(30);

  /// Notes who is inside, and in capitals who was turned away.
  void enter(char who, std::size_t size = kSizeMax) {
    line_->enter(size, [this, who](Result<Line::Place> place) {
      if (!place) {
        EXPECT_EQ(place.error().code, Errc::unavailable);
        done_ += static_cast<char>(who - 'a' + 'A');
        return;
      }
      done_ += who;
      inside_.push_back(std::move(*place));
    });
  }
  /// The one who has been inside for the longest.
  void leave() {
    inside_.pop_front();
    rig_.settle();
  }

  std::shared_ptr<Line> line_ = std::make_shared<Line>(rig_.shard(0), kSizeMax, 2, kWaitMax);
  std::string done_;
  std::deque<Line::Place> inside_;
};

INSTANTIATE_TEST_SUITE_P(Shards, LineTest, ::testing::Values(1));

TEST_P(LineTest, OneAfterTheOtherInOrderAndNoMoreThanMayWait) {
  enter('a');
  enter('b');
  enter('c');
  enter('d');
  EXPECT_EQ(done_, "aD");
  leave();
  EXPECT_EQ(done_, "aDb");
  enter('e');
  leave();
  leave();
  EXPECT_EQ(done_, "aDbce");
  leave();
  enter('f');
  EXPECT_EQ(done_, "aDbcef");
}

TEST_P(LineTest, SmallOnesShareThePlaceAndNobodyOvertakes) {
  enter('a', 4);
  enter('b', 5);
  enter('c', 2);
  enter('d', 1);
  EXPECT_EQ(done_, "ab") << "d would fit, and is behind c";
  EXPECT_EQ(line_->waiting(), 2u);
  leave();
  EXPECT_EQ(done_, "abcd");
  enter('e', 100 * kSizeMax);
  for (int left = 0; left < 3; ++left) {
    EXPECT_EQ(done_, "abcd") << "a large one is alone";
    leave();
  }
  EXPECT_EQ(done_, "abcde");
  enter('f', 1);
  EXPECT_EQ(done_, "abcde");
  leave();
  EXPECT_EQ(done_, "abcdef");
}

TEST_P(LineTest, WhoWaitedBehindALargeOneThatGaveUpIsLetIn) {
  const TimePoint start = rig_.shard(0).now().mono;
  enter('a', 5);
  enter('b', kSizeMax);
  rig_.advance(std::chrono::seconds(1));
  enter('c', 5);
  line_->on_deadline(start + kWaitMax);
  rig_.settle();
  EXPECT_EQ(done_, "aBc");
  EXPECT_EQ(line_->refused(), 1u);
  EXPECT_EQ(line_->waiting(), 0u);
}

TEST_P(LineTest, WhoLeavesAtOnceLetsTheNextOneIn) {
  line_->enter(kSizeMax, [this](const Result<Line::Place>&) { done_ += 'a'; });
  enter('b');
  rig_.settle();
  EXPECT_EQ(done_, "ab");
}

TEST_P(LineTest, WhoWaitsForTooLongIsTurnedAwayAndTheOthersGoOn) {
  const TimePoint start = rig_.shard(0).now().mono;
  EXPECT_EQ(line_->next_deadline(), kNever);
  enter('a');
  EXPECT_EQ(line_->next_deadline(), kNever) << "nobody waits";
  enter('b');
  EXPECT_EQ(line_->next_deadline(), start + kWaitMax);
  line_->on_deadline(start + kWaitMax - std::chrono::milliseconds(1));
  EXPECT_EQ(done_, "a");
  line_->on_deadline(start + kWaitMax);
  EXPECT_EQ(done_, "aB");
  EXPECT_EQ(line_->next_deadline(), kNever);
  enter('c');
  leave();
  EXPECT_EQ(done_, "aBc");
}

TEST_P(LineTest, WhoseClientIsGoneMakesRoom) {
  bool wanted = true;
  const auto enter_wanted = [&](char who) {
    line_->enter(
        1, [this, who](const Result<Line::Place>& place) { done_ += place ? who : '-'; },
        [&wanted] { return wanted; });
  };
  enter('a');
  enter_wanted('b');
  enter('c');
  enter('d');
  EXPECT_EQ(done_, "aD") << "two wait, and both are wanted";
  wanted = false;
  enter('e');
  EXPECT_EQ(done_, "aD-");
  leave();
  leave();
  EXPECT_EQ(done_, "aD-ce");
}

TEST_P(LineTest, WhoseClientIsGoneIsNotLetIn) {
  bool wanted = true;
  enter('a');
  line_->enter(
      kSizeMax, [this](const Result<Line::Place>& place) { done_ += place ? 'b' : '-'; },
      [&wanted] { return wanted; });
  enter('c');
  wanted = false;
  EXPECT_EQ(done_, "a") << "it is seen at its turn";
  leave();
  EXPECT_EQ(done_, "a-c");
}

TEST_P(LineTest, ALineThatIsGoneCallsNobody) {
  enter('a');
  enter('b');
  line_ = nullptr;
  leave();
  EXPECT_EQ(done_, "a");
}

}  // namespace
}  // namespace naru::admin
