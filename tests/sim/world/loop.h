#pragma once
/// A shard's loop without a thread: the world runs its turns, one at a time, in random order.

#include <utility>
#include <vector>

#include "io/scheduler.h"
#include "tests/sim/world/node_memory.h"

namespace naru::sim {

/// A turn is what io/asio's loop makes of one: what was posted, the deadline, what became ready,
/// then the end of the turn.
class Loop final : public io::Scheduler {
 public:
  /// `now` is the world's clock.
  explicit Loop(const Now& now) : now_(now) {}

  // ---- For the world ----
  bool has_work() const {
    return woken_ || !posted_.empty() || !ready_.empty() || deadline_ <= now_.mono;
  }
  TimePoint deadline() const { return deadline_; }
  /// A completion was called on this loop: what it staged leaves at the end of a turn.
  void wake() { woken_ = true; }
  void turn() {
    const Running broker(Runs::broker);
    woken_ = false;
    for (io::Task& task : std::exchange(posted_, {})) task();
    if (deadline_ <= now_.mono) {
      deadline_ = kNever;
      if (client_ != nullptr) client_->on_deadline(now_);
    }
    for (io::Task& task : std::exchange(ready_, {})) task();
    if (client_ != nullptr) client_->on_turn_end(now_);
  }

  // ---- For the network: readiness, told in the next turn ----
  void collect(io::Task task) { ready_.push_back(std::move(task)); }

  // ---- io::Scheduler ----
  const Now& now() const override { return now_; }
  void post(io::Task task) override { posted_.push_back(std::move(task)); }
  void set_deadline(TimePoint deadline) override { deadline_ = deadline; }
  void set_client(io::LoopClient* client) override { client_ = client; }
  void run() override {}
  void stop() override {}

 private:
  const Now& now_;
  io::LoopClient* client_ = nullptr;
  TimePoint deadline_ = kNever;
  std::vector<io::Task> posted_;
  std::vector<io::Task> ready_;
  bool woken_ = false;
};

}  // namespace naru::sim
