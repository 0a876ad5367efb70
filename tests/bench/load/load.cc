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
constexpr std::uint64_t kStandstillNs = 10 * kSecond;
// How often the broker's memory is looked at.
constexpr std::uint64_t kWatchNs = 20'000'000;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

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
  // What is known about the broker and ourselves at one moment.
  struct Reading {
    std::uint64_t at_ns;
    Totals totals;
    double broker_cpu_seconds;
    double own_cpu_seconds;
    std::uint64_t broker_written_bytes;
  };

  bool counted() const { return options_.count > 0 || options_.expect > 0; }
  void declare();
  void build_workers();
  Totals totals() const;
  Reading read() const;
  bool complete(const Totals& totals) const;
  void watch(const Totals& totals);
  void sleep_until(std::uint64_t when_ns);
  void wait_complete(std::uint64_t give_up_ns);
  void report_between(const Reading& before, const Reading& after);
  void report_end();

  const Options& options_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<Phase> phase_{Phase::warm_up};
  LoadReport report_;
  std::uint64_t began_ns_ = 0;
  std::uint64_t watched_ns_ = 0;
};

void Coordinator::declare() {
  constexpr std::uint8_t kDurable = 2;
  const std::uint8_t durable = options_.durable ? kDurable : 0;
  Connection connection(options_.endpoint);
  FrameWriter writer;
  if (options_.fanout) {
    writer.begin(1, Method::exchange_declare).u16(0).short_string(fanout_exchange(options_));
    writer.short_string("fanout").u8(durable).u32(0).end();
    connection.call(writer, Method::exchange_declare_ok);
  }
  for (int i = 0; i < options_.queues; ++i) {
    const std::string queue = queue_name(options_, i);
    writer.clear();
    writer.begin(1, Method::queue_delete).u16(0).short_string(queue).u8(0).end();
    connection.call(writer, Method::queue_delete_ok);
    writer.clear();
    writer.begin(1, Method::queue_declare).u16(0).short_string(queue).u8(durable).u32(0).end();
    connection.call(writer, Method::queue_declare_ok);
    if (!options_.fanout) continue;
    writer.clear();
    writer.begin(1, Method::queue_bind).u16(0).short_string(queue);
    writer.short_string(fanout_exchange(options_)).short_string("").u8(0).u32(0).end();
    connection.call(writer, Method::queue_bind_ok);
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
    workers_[worker]->add_consumer(Connection(options_.endpoint), options_,
                                   queue_name(options_, i));
  }
  for (int i = 0; i < options_.publishers; ++i) {
    const auto worker = static_cast<std::size_t>(i) % workers_.size();
    workers_[worker]->add_publisher(Connection(options_.endpoint), options_, i);
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

Coordinator::Reading Coordinator::read() const {
  return {now_ns(), totals(), cpu_seconds_of(options_.pid), cpu_seconds_of(getpid()),
          written_bytes_of(options_.pid)};
}

bool Coordinator::complete(const Totals& now) const {
  const auto wanted = options_.count * static_cast<std::uint64_t>(options_.publishers);
  if (now.sent < wanted || now.got < options_.expect) return false;
  if (options_.window > 0 && now.confirmed + now.refused < now.sent) return false;
  const std::uint64_t copies = options_.fanout ? static_cast<std::uint64_t>(options_.queues) : 1;
  return options_.publishers == 0 || options_.consumers < options_.queues ||
         now.got >= copies * (now.sent - now.refused);
}

void Coordinator::watch(const Totals& totals) {
  const std::uint64_t now = now_ns();
  const std::uint64_t messages = options_.publishers == 0 ? totals.got
                                 : options_.window > 0    ? totals.confirmed
                                                          : totals.sent;
  const std::uint64_t marked = report_.marks.empty() ? 0 : report_.marks.back().messages;
  const bool mark = options_.mark_every > 0 && messages >= marked + options_.mark_every;
  if (!mark && now - watched_ns_ < kWatchNs) return;
  watched_ns_ = now;
  const std::uint64_t resident = resident_bytes_of(options_.pid);
  report_.broker_resident_max_bytes = std::max(report_.broker_resident_max_bytes, resident);
  if (mark) {
    report_.marks.push_back({messages, static_cast<double>(now - began_ns_) / 1e9, resident});
  }
}

void Coordinator::sleep_until(std::uint64_t when_ns) {
  for (std::uint64_t now = now_ns(); now < when_ns; now = now_ns()) {
    sleep_until_ns(std::min(when_ns, now + kWatchNs));
    watch(totals());
  }
}

void Coordinator::wait_complete(std::uint64_t give_up_ns) {
  Totals last = totals();
  std::uint64_t moved = now_ns();
  while (!complete(last) && now_ns() - moved < kStandstillNs && now_ns() < give_up_ns) {
    sleep_until_ns(now_ns() + kPollNs);
    const Totals current = totals();
    watch(current);
    if (current == last) continue;
    last = current;
    moved = now_ns();
  }
}

void Coordinator::report_between(const Reading& before, const Reading& after) {
  report_.seconds = static_cast<double>(after.at_ns - before.at_ns) / 1e9;
  report_.broker_cpu_seconds = after.broker_cpu_seconds - before.broker_cpu_seconds;
  report_.own_cpu_seconds = after.own_cpu_seconds - before.own_cpu_seconds;
  report_.broker_written_bytes = after.broker_written_bytes - before.broker_written_bytes;
  report_.sent_measured = after.totals.sent - before.totals.sent;
  report_.got_measured = after.totals.got - before.totals.got;
}

void Coordinator::report_end() {
  const Totals end = totals();
  report_.sent = end.sent;
  report_.confirmed = end.confirmed;
  report_.refused = end.refused;
  report_.got = end.got;
  report_.consumer_least = options_.consumers > 0 ? ~std::uint64_t{0} : 0;
  for (const auto& worker : workers_) {
    report_.confirm.merge(worker->tally().confirm);
    report_.end_to_end.merge(worker->tally().end_to_end);
    for (const Consumer& consumer : worker->consumers()) {
      report_.consumer_least = std::min(report_.consumer_least, consumer.got_measured());
      report_.consumer_most = std::max(report_.consumer_most, consumer.got_measured());
    }
  }
}

LoadReport Coordinator::run() {
  if (options_.declare) declare();
  report_.broker_resident_before_bytes = resident_bytes_of(options_.pid);
  build_workers();
  std::vector<std::thread> threads;
  phase_ = counted() ? Phase::measure : Phase::warm_up;
  Reading before = read();
  began_ns_ = before.at_ns;
  const std::uint64_t give_up_ns =
      counted() && options_.seconds_max > 0
          ? began_ns_ + static_cast<std::uint64_t>(options_.seconds_max * 1e9)
          : kNever;
  for (const auto& worker : workers_) threads.emplace_back([&] { worker->run(phase_); });
  if (counted()) {
    wait_complete(give_up_ns);
  } else {
    sleep_until(began_ns_ + static_cast<std::uint64_t>(options_.warm_up * 1e9));
    before = read();
    phase_ = Phase::measure;
    sleep_until(before.at_ns + static_cast<std::uint64_t>(options_.seconds * 1e9));
  }
  report_between(before, read());
  report_.broker_resident_bytes = resident_bytes_of(options_.pid);
  phase_ = Phase::drain;
  wait_complete(std::max(give_up_ns, now_ns() + kStandstillNs));
  phase_ = Phase::stop;
  for (auto& thread : threads) thread.join();
  report_end();
  return report_;
}

}  // namespace

LoadReport run_load(const Options& options) {
  return Coordinator(options).run();
}

}  // namespace naru::bench
