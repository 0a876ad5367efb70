#pragma once
/// Those who want something large: few at a time, in order.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "core/shard.h"

namespace naru::admin {

/// Owned by shard 0, used on its thread, held by a shared_ptr. Bounds: `waiting_max`, `size_max`.
class Line : public std::enable_shared_from_this<Line> {
 public:
  /// Of one whose turn it is, for as long as it lives.
  class Place {
   public:
    Place() = default;
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(line_, other.line_);
      std::swap(size_, other.size_);
      return *this;
    }
    ~Place() {
      if (const auto line = line_.lock()) line->leave(size_);
    }

   private:
    friend class Line;
    Place(std::weak_ptr<Line> line, std::size_t size) : line_(std::move(line)), size_(size) {}
    std::weak_ptr<Line> line_;
    std::size_t size_ = 0;
  };
  using Run = std::move_only_function<void(Result<Place>)>;
  using Wanted = std::move_only_function<bool() const>;
  /// What those are told who are turned away.
  struct Texts {
    std::string_view too_many;
    std::string_view too_late;
  };
  static constexpr Texts kLongAnswers{
      "too many ask for long answers, of which few are made at a time; try again",
      "few long answers are made at a time, and those before this one took too long; try again, or "
      "ask for a page"};

  /// Those whose turn it is have a size of at most `size_max` together; a larger one is alone.
  Line(core::Shard& shard, std::size_t size_max, std::size_t waiting_max, Duration wait_max,
       const Texts& texts = kLongAnswers)
      : shard_(shard),
        size_max_(size_max),
        waiting_max_(waiting_max),
        wait_max_(wait_max),
        texts_(texts) {}

  /// Calls `run` when it is its turn: at once, or in a turn to come. Errors: unavailable (too many
  /// wait, it waited for too long, or nobody wanted it any more when it was its turn). When too
  /// many wait, those that nobody wants any more go first.
  void enter(std::size_t size, Run run, Wanted wanted = nullptr);
  TimePoint next_deadline() const { return waiting_.empty() ? kNever : waiting_.front().until; }
  void on_deadline(TimePoint now);
  std::size_t waiting() const { return waiting_.size(); }
  /// How many were turned away so far.
  std::uint64_t refused() const { return refused_; }

 private:
  struct Waiting {
    TimePoint until;
    std::size_t size;
    Run run;
    Wanted wanted;
  };
  bool fits(std::size_t size) const { return taken_size_ + size <= size_max_; }
  void leave(std::size_t size);
  void let_in();
  void drop_unwanted();
  void refuse(Run& run, std::string_view why);

  core::Shard& shard_;
  const std::size_t size_max_;
  const std::size_t waiting_max_;
  const Duration wait_max_;
  const Texts texts_;
  std::deque<Waiting> waiting_;  // the first one's time is over first
  std::size_t taken_size_ = 0;   // of those whose turn it is
  std::uint64_t refused_ = 0;
};

}  // namespace naru::admin
