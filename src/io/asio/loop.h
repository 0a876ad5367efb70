#pragma once
/// The loop of one thread, over Boost.Asio.

#include <memory>
#include <mutex>
#include <vector>

#include "io/scheduler.h"

namespace naru::io::asio_impl {

struct Context;  // context.h: what Asio keeps for a loop

/// Something that became ready. Asio's handlers only collect; a turn calls what was collected after
/// it has read the clocks.
class Ready {
 public:
  Ready(const Ready&) = delete;
  Ready& operator=(const Ready&) = delete;
  /// Called once per collect(). May destroy this object and others.
  virtual void on_ready() = 0;

 protected:
  Ready() = default;
  ~Ready() { unlink(); }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  friend class Loop;
  Ready* previous_ = this;
  Ready* next_ = this;
};

/// Work that another thread finished. Its owner keeps it alive until complete().
class Completion {
 public:
  virtual ~Completion() = default;
  /// Called once, on the loop.
  virtual void complete() = 0;
};

/// One turn: wait for readiness; collect all that is ready; read the clocks; run what was posted,
/// what completed, the deadline, what was collected; then the client's on_turn_end.
/// Only post(), post_completion() and stop() may be called from other threads; they wake a sleeping
/// loop once, however much they bring before it runs.
class Loop final : public Scheduler {
 public:
  Loop();
  ~Loop() override;

  const Now& now() const override { return now_; }
  void post(Task task) override;
  void set_deadline(TimePoint deadline) override;
  void set_client(LoopClient* client) override { client_ = client; }
  void run() override;
  void stop() override;

  /// For this folder only.
  Context& context() { return *context_; }
  void collect(Ready& ready);
  void post_completion(Completion& completion);
  /// Forgets a completion that was posted, if it was; on the loop's thread or after run().
  void cancel(Completion& completion);

 private:
  class List final : public Ready {
   public:
    void on_ready() override {}
  };
  /// What other threads bring. The lock is held to push one item or to swap the vectors.
  struct Inbox {
    std::mutex mutex;
    std::vector<Task> tasks;
    std::vector<Completion*> completions;
    bool sleeping = false;
    bool stopping = false;
  };

  /// Blocks until something is ready, and collects. False: stop() was called.
  bool wait();
  void run_turn();
  void run_collected();
  void arm(TimePoint at);
  template <auto Then>
  class OwnHandler;
  void on_wake(bool cancelled);
  void on_timer(bool cancelled);
  void await_wake();
  void wake();
  template <typename Vector, typename Item>
  void bring(Vector Inbox::* into, Item item);

  std::unique_ptr<Context> context_;
  LoopClient* client_ = nullptr;
  Now now_;
  TimePoint deadline_ = kNever;
  TimePoint armed_ = kNever;
  List collected_;
  std::vector<Task> tasks_;
  std::vector<Completion*> completions_;
  Inbox inbox_;
};

}  // namespace naru::io::asio_impl
