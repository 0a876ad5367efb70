#include "load.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "process.h"
#include "worker.h"

namespace naru::bench {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kPollNs = 1'000'000;
// A drain, or a counted run, that stands still for so long is over.
constexpr std::uint64_t kStandstillNs = 5 * kSecond;

struct Totals {
  std::uint64_t sent = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t refused = 0;
  std::uint64_t got = 0;

  bool operator==(const Totals&) const = default;
};

/// Owns the workers and their threads and leads them through the phases.
class Coordinator {
 public:
  explicit Coordinator(const Options& options) : options_(options) {}
  LoadReport run();

 private:
  std::string queue_name(int i) const {
    return options_.queue + std::to_string(i % options_.queues);
  }
  void declare_queues();
  void build_workers();
  Totals totals() const;
  bool complete(const Totals& totals) const;
  void wait_complete();

  const Options& options_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<Phase> phase_{Phase::warm_up};
};

void Coordinator::declare_queues() {
  constexpr std::uint8_t kDurable = 2;
  Connection connection(options_.endpoint);
  for (int i = 0; i < options_.queues; ++i) {
    FrameWriter writer;
    writer.begin(1, Method::queue_delete).u16(0).short_string(queue_name(i)).u8(0).end();
    connection.call(writer, Method::queue_delete_ok);
    writer.clear();
    writer.begin(1, Method::queue_declare).u16(0).short_string(queue_name(i));
    writer.u8(options_.durable ? kDurable : 0).u32(0).end();
    connection.call(writer, Method::queue_declare_ok);
  }
}

void Coordinator::build_workers() {
  const auto publishers = static_cast<std::size_t>(options_.publishers);
  const auto consumers = static_cast<std::size_t>(options_.consumers);
  for (int i = 0; i < options_.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->reserve(publishers, consumers);
  }
  // Consumers first: a broker without them would begin by building a backlog.
  for (int i = 0; i < options_.consumers; ++i) {
    const auto worker = (publishers + static_cast<std::size_t>(i)) % workers_.size();
    workers_[worker]->add_consumer(Connection(options_.endpoint), options_, queue_name(i));
  }
  for (int i = 0; i < options_.publishers; ++i) {
    const auto worker = static_cast<std::size_t>(i) % workers_.size();
    workers_[worker]->add_publisher(Connection(options_.endpoint), options_, queue_name(i));
  }
}

Totals Coordinator::totals() const {
  Totals sum;
  for (const auto& worker : workers_) {
    const Tally& tally = worker->tally();
    sum.sent += tally.sent.load(std::memory_order_relaxed);
    sum.confirmed += tally.confirmed.load(std::memory_order_relaxed);
    sum.refused += tally.refused.load(std::memory_order_relaxed);
    sum.got += tally.got.load(std::memory_order_relaxed);
  }
  return sum;
}

bool Coordinator::complete(const Totals& now) const {
  const auto wanted = options_.count * static_cast<std::uint64_t>(options_.publishers);
  if (now.sent < wanted) return false;
  if (options_.window > 0 && now.confirmed + now.refused < now.sent) return false;
  return options_.consumers < options_.queues || now.got >= now.sent - now.refused;
}

void Coordinator::wait_complete() {
  Totals last = totals();
  std::uint64_t moved = now_ns();
  while (!complete(last) && now_ns() - moved < kStandstillNs) {
    sleep_until_ns(now_ns() + kPollNs);
    const Totals current = totals();
    if (current == last) continue;
    last = current;
    moved = now_ns();
  }
}

LoadReport Coordinator::run() {
  declare_queues();
  build_workers();
  std::vector<std::thread> threads;
  const bool counted = options_.count > 0;
  phase_ = counted ? Phase::measure : Phase::warm_up;
  Totals before;
  double cpu_before = cpu_seconds_of(options_.pid);
  double own_before = cpu_seconds_of(getpid());
  std::uint64_t began = now_ns();
  for (const auto& worker : workers_) threads.emplace_back([&] { worker->run(phase_); });
  if (counted) {
    wait_complete();
  } else {
    sleep_until_ns(began + static_cast<std::uint64_t>(options_.warm_up * 1e9));
    before = totals();
    cpu_before = cpu_seconds_of(options_.pid);
    own_before = cpu_seconds_of(getpid());
    began = now_ns();
    phase_ = Phase::measure;
    sleep_until_ns(began + static_cast<std::uint64_t>(options_.seconds * 1e9));
  }
  LoadReport report;
  const Totals after = totals();
  report.seconds = static_cast<double>(now_ns() - began) / 1e9;
  report.broker_cpu_seconds = cpu_seconds_of(options_.pid) - cpu_before;
  report.own_cpu_seconds = cpu_seconds_of(getpid()) - own_before;
  report.broker_resident_bytes = resident_bytes_of(options_.pid);
  report.sent_measured = after.sent - before.sent;
  report.got_measured = after.got - before.got;
  phase_ = Phase::drain;
  wait_complete();
  phase_ = Phase::stop;
  for (auto& thread : threads) thread.join();

  const Totals end = totals();
  report.sent = end.sent;
  report.confirmed = end.confirmed;
  report.refused = end.refused;
  report.got = end.got;
  for (const auto& worker : workers_) {
    report.confirm.merge(worker->tally().confirm);
    report.end_to_end.merge(worker->tally().end_to_end);
  }
  return report;
}

}  // namespace

LoadReport run_load(const Options& options) {
  return Coordinator(options).run();
}

}  // namespace naru::bench
