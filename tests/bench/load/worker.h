#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "consumer.h"
#include "publisher.h"
#include "tally.h"

namespace naru::bench {

/// One thread's event loop over its publishers and consumers. Set up by the coordinator, then run()
/// on its own thread until the phase is stop.
class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Reserved up front: the roles must not move once they are watched.
  void reserve(std::size_t publishers, std::size_t consumers);
  /// `number`: which of all publishers it is.
  void add_publisher(Connection connection, const Options& options, int number);
  void add_consumer(Connection connection, const Options& options, std::string_view queue);

  void run(const std::atomic<Phase>& phase);

  const Tally& tally() const { return tally_; }
  const std::vector<Consumer>& consumers() const { return consumers_; }

 private:
  // A paced publisher that waits for its next message.
  struct Due {
    std::uint64_t at_ns;
    std::size_t publisher;
    bool operator>(const Due& other) const { return at_ns > other.at_ns; }
  };
  void watch(int fd, std::uint64_t key, bool writable, bool add);
  void on_event(std::uint64_t key, std::uint32_t events);
  void wake(std::size_t publisher);
  void wake_due();
  void pump_awake();
  void enter(Phase phase);
  std::uint64_t wait_ns() const;

  int epoll_;
  Tally tally_;
  std::vector<Publisher> publishers_;
  std::vector<Consumer> consumers_;
  std::vector<Publisher::Wait> waits_;  // of each publisher
  std::vector<std::size_t> awake_;      // publishers to be pumped in this turn
  std::vector<Due> due_;                // a heap, the earliest first
  std::vector<bool> watched_writable_;  // of each publisher, then of each consumer
  Phase phase_ = Phase::warm_up;
};

}  // namespace naru::bench
