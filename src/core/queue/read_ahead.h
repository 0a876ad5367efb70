#pragma once
/// Bodies of one queue that were read back from the log.

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "core/ids.h"

namespace naru::core {

/// What the last read brought, in the order it was asked for, and the read of what follows, which
/// is under way while the first is handed out: a backlog is read as fast as the disk goes, not as
/// fast as it turns round. One read at a time.
/// Costs a pointer before the first read.
class ReadAhead {
 public:
  bool in_flight() const { return state_ != nullptr && state_->in_flight; }
  /// Half of what is here was found, and what follows was not asked for yet.
  bool wants_more() const {
    return state_ != nullptr && !state_->in_flight && state_->following.asked.empty() &&
           !state_->current.asked.empty() && state_->at * 2 >= state_->current.asked.size();
  }
  /// The last seq of what is here.
  Seq last_asked() const { return state_->current.asked.back(); }

  /// A read of `asked`, `bytes` together, is under way.
  void begin(std::span<const Seq> asked, std::size_t bytes) {
    if (state_ == nullptr) state_ = std::make_unique<State>();
    state_->following = {{asked.begin(), asked.end()}, {}, bytes};
    state_->held_bytes += bytes;
    state_->in_flight = true;
  }
  /// What the read that is under way asked for.
  std::span<const Seq> asked() const { return state_->following.asked; }
  void complete(std::vector<Slice> bodies) {
    state_->in_flight = false;
    state_->following.bodies = std::move(bodies);
  }

  /// The body of `seq`, or null. Those before it are not needed any more.
  const Slice* find(Seq seq) {
    if (state_ == nullptr) return nullptr;
    State& state = *state_;
    if (const Slice* body = state.find_in_current(seq)) return body;
    if (state.in_flight || state.following.bodies.empty()) return nullptr;
    state.spent.push_back(std::exchange(state.current, std::exchange(state.following, {})));
    state.at = state.trimmed = 0;
    return state.find_in_current(seq);
  }
  /// Nobody looks at what was found before the last find() any more: lets the memory go.
  void trim() {
    if (state_ == nullptr) return;
    State& state = *state_;
    for (const Run& run : state.spent) state.held_bytes -= run.bytes;
    state.spent.clear();
    for (; state.trimmed < state.at; ++state.trimmed) state.current.bodies[state.trimmed] = Slice{};
  }
  void clear() {
    if (!in_flight()) state_.reset();
  }
  /// What was asked for and is not let go of as a whole yet.
  std::size_t held_bytes() const { return state_ == nullptr ? 0 : state_->held_bytes; }

 private:
  struct Run {
    std::vector<Seq> asked;
    std::vector<Slice> bodies;
    std::size_t bytes = 0;
  };
  struct State {
    Run current;
    Run following;
    std::vector<Run> spent;  // runs before: deliveries may still point at their slices
    std::size_t at = 0;
    std::size_t trimmed = 0;
    std::size_t held_bytes = 0;
    bool in_flight = false;

    const Slice* find_in_current(Seq seq) {
      for (std::size_t i = at; i < current.bodies.size(); ++i) {
        if (current.asked[i] != seq) continue;
        at = i;
        return &current.bodies[i];
      }
      return nullptr;
    }
  };

  std::unique_ptr<State> state_;
};

}  // namespace naru::core
