// What worries us: a deadline that is lost, called twice, or called after its object is gone.
#include "server/deadline_heap.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "base/random.h"

namespace naru::server {
namespace {

Now at(int ms) {
  return {TimePoint(std::chrono::milliseconds(ms)), ms};
}

struct Recorder final : Deadline {
  void on_expired(const Now& now) override {
    ++calls;
    last = now.mono;
    if (on_call) on_call();
  }
  int calls = 0;
  TimePoint last{};
  std::function<void()> on_call;
};

TEST(DeadlineHeap, CallsEachWhenItsTimeHasCome) {
  DeadlineHeap heap;
  Recorder early;
  Recorder late;
  heap.set(late, at(20).mono);
  heap.set(early, at(10).mono);
  EXPECT_EQ(heap.next(), at(10).mono);
  heap.expire(at(9));
  EXPECT_EQ(early.calls, 0);
  heap.expire(at(10));
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(late.calls, 0);
  EXPECT_EQ(heap.next(), at(20).mono);
  heap.expire(at(100));
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(late.calls, 1);
  EXPECT_EQ(heap.next(), kNever);
}

TEST(DeadlineHeap, NeverRemoves) {
  DeadlineHeap heap;
  Recorder one;
  heap.set(one, at(1).mono);
  heap.set(one, kNever);
  EXPECT_EQ(heap.next(), kNever);
  heap.expire(at(10));
  EXPECT_EQ(one.calls, 0);
}

TEST(DeadlineHeap, ADestroyedDeadlineIsNotCalled) {
  DeadlineHeap heap;
  Recorder destroyer;
  auto victim = std::make_unique<Recorder>();
  destroyer.on_call = [&] { victim.reset(); };
  heap.set(destroyer, at(1).mono);
  heap.set(*victim, at(2).mono);
  heap.expire(at(5));  // both have come; the first destroys the second
  EXPECT_EQ(destroyer.calls, 1);
  EXPECT_EQ(victim, nullptr);
  EXPECT_EQ(heap.next(), kNever);
}

TEST(DeadlineHeap, ADeadlineSetToThePastInItsOwnCallWaitsForTheNextRound) {
  DeadlineHeap heap;
  Recorder one;
  one.on_call = [&] { heap.set(one, at(1).mono); };
  heap.set(one, at(1).mono);
  heap.expire(at(5));
  EXPECT_EQ(one.calls, 1);
  heap.expire(at(5));
  EXPECT_EQ(one.calls, 2);
}

TEST(DeadlineHeap, AgreesWithAMapUnderRandomChanges) {
  Random random(3);
  DeadlineHeap heap;
  std::vector<Recorder> recorders(200);
  std::map<std::size_t, int> model;
  for (int now = 0; now < 5000; ++now) {
    const std::size_t who = random.below(recorders.size());
    if (random.one_in(4)) {
      heap.set(recorders[who], kNever);
      model.erase(who);
    } else {
      model[who] = now + static_cast<int>(random.below(300));
      heap.set(recorders[who], at(model[who]).mono);
    }
    for (Recorder& recorder : recorders) recorder.calls = 0;
    heap.expire(at(now));
    for (std::size_t i = 0; i < recorders.size(); ++i) {
      const auto found = model.find(i);
      const bool due = found != model.end() && found->second <= now;
      ASSERT_EQ(recorders[i].calls, due ? 1 : 0) << i << " at " << now;
      if (due) model.erase(found);
    }
  }
}

}  // namespace
}  // namespace naru::server
