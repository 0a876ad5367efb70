#pragma once
/// Those who want something large, one after the other.

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "core/shard.h"

namespace naru::admin {

/// Owned by shard 0, used on its thread, held by a shared_ptr. Bound: `waiting_max`.
class Line : public std::enable_shared_from_this<Line> {
 public:
  /// Of whoever's turn it is, for as long as it lives.
  class Place {
   public:
    Place() = default;
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(line_, other.line_);
      return *this;
    }
    ~Place() {
      if (const auto line = line_.lock()) line->leave();
    }

   private:
    friend class Line;
    explicit Place(std::weak_ptr<Line> line) : line_(std::move(line)) {}
    std::weak_ptr<Line> line_;
  };
  using Run = std::move_only_function<void(Result<Place>)>;

  Line(core::Shard& shard, std::size_t waiting_max, Duration wait_max)
      : shard_(shard), waiting_max_(waiting_max), wait_max_(wait_max) {}

  /// Calls `run` when it is its turn: at once, or in a turn to come. Errors: unavailable (too many
  /// wait, or it waited for too long).
  void enter(Run run);
  TimePoint next_deadline() const { return waiting_.empty() ? kNever : waiting_.front().until; }
  void on_deadline(TimePoint now);

 private:
  struct Waiting {
    TimePoint until;
    Run run;
  };
  void leave();

  core::Shard& shard_;
  const std::size_t waiting_max_;
  const Duration wait_max_;
  std::deque<Waiting> waiting_;  // the first one's time is over first
  bool taken_ = false;
};

}  // namespace naru::admin
