// Quiet points: everybody stands aside, and the queues must hold what they owe.

#include <algorithm>
#include <cstdio>

#include "message_frames.h"
#include "world.h"

namespace naru::faults {

// Publishers first: what is on its way has an outcome. Consumers then: what they held goes back.
void World::count() {
  if (phase_ != Phase::counting) return;
  const auto answered = [](const auto& each) { return each->answered(); };
  const auto is_open = [](const auto& each) { return each->link().is_open(); };
  if (std::ranges::any_of(transactors_, is_open) || !std::ranges::all_of(publishers_, answered)) {
    return;
  }
  for (auto& each : consumers_) {
    each->part();
    each->flush();
  }
  if (std::ranges::any_of(consumers_, is_open)) return;
  if (!counter_.is_open()) {
    lengths_.clear();
    asks_for_lengths_ = true;
    counter_.open({}, now_);
  }
  if (counter_.is_up() && asks_for_lengths_) {
    for (std::size_t queue = 0; queue < source_.shape().queues; ++queue) {
      counter_.output() += passive_declare(queue).bytes();
    }
    asks_for_lengths_ = false;
  }
  if (counter_.is_open()) counter_.flush();
}

// A connection's end may be answered before its messages are back in all queues: asked again until
// the numbers fit. That they never do is a stall.
void World::read_counter() {
  const bool kept = counter_.read(now_, [this](const bench::Frame& frame) {
    if (frame.type != bench::kFrameMethod || frame.method() != bench::Method::queue_declare_ok)
      return;
    lengths_.push_back(length_of(frame));
  });
  if (!kept) return lost(counter_);
  if (lengths_.size() < source_.shape().queues) {
    (void)counter_.flush();
    return;
  }
  misfit_ = history_.misfit(lengths_);
  lengths_.clear();
  asks_for_lengths_ = true;
  if (!misfit_.empty()) return;
  counter_.down();
  history_.counted();
  phase_ = Phase::running;
  std::printf("counted\n");
  std::fflush(stdout);
}

}  // namespace naru::faults
