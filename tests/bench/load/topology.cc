// Queues and bindings by the ten thousand: how fast they are declared, what they weigh, and how
// long a queue with many bindings takes to go. Every connection waits for each of its answers, as
// clients do; a thread each keeps that simple.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "load.h"
#include "process.h"

namespace naru::bench {
namespace {

constexpr std::uint8_t kDurable = 2;
constexpr int kWideQueues = 5;
// Time for the broker to free what was for the moment, and for memory to settle.
constexpr std::uint64_t kSettleNs = 2'000'000'000;

class Topology {
 public:
  explicit Topology(const Options& options) : options_(options) {
    for (int i = 0; i < std::max(1, options.publishers); ++i) {
      connections_.emplace_back(options.endpoint);
    }
  }
  std::string run();

 private:
  std::string exchange() const { return options_.queue + "-direct"; }
  void declare_queue(Connection& connection, const std::string& queue);
  void bind(Connection& connection, const std::string& queue, int key);
  /// Calls work(connection, i) for every i below `count`, dealt out over the connections. Seconds.
  double spread(int count, const std::function<void(Connection&, int)>& work);
  /// Milliseconds that deleting each of a few queues with many bindings took.
  std::vector<double> delete_wide();
  std::uint64_t settled_resident() const;

  const Options& options_;
  std::vector<Connection> connections_;
};

void Topology::declare_queue(Connection& connection, const std::string& queue) {
  FrameWriter writer;
  writer.begin(1, Method::queue_declare).u16(0).short_string(queue).u8(kDurable).u32(0).end();
  connection.call(writer, Method::queue_declare_ok);
}

void Topology::bind(Connection& connection, const std::string& queue, int key) {
  FrameWriter writer;
  writer.begin(1, Method::queue_bind).u16(0).short_string(queue).short_string(exchange());
  writer.short_string(queue + "." + std::to_string(key)).u8(0).u32(0).end();
  connection.call(writer, Method::queue_bind_ok);
}

double Topology::spread(int count, const std::function<void(Connection&, int)>& work) {
  const std::uint64_t began = now_ns();
  const int lanes = static_cast<int>(connections_.size());
  std::vector<std::thread> threads;
  for (int lane = 0; lane < lanes; ++lane) {
    threads.emplace_back([&, lane] {
      for (int i = lane; i < count; i += lanes) {
        work(connections_[static_cast<std::size_t>(lane)], i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return static_cast<double>(now_ns() - began) / 1e9;
}

std::vector<double> Topology::delete_wide() {
  std::vector<double> milliseconds;
  for (int i = 0; i < kWideQueues; ++i) {
    const std::string queue = options_.queue + "-wide" + std::to_string(i);
    declare_queue(connections_.front(), queue);
    spread(options_.wide, [&](Connection& connection, int key) { bind(connection, queue, key); });
    FrameWriter writer;
    writer.begin(1, Method::queue_delete).u16(0).short_string(queue).u8(0).end();
    const std::uint64_t began = now_ns();
    connections_.front().call(writer, Method::queue_delete_ok);
    milliseconds.push_back(static_cast<double>(now_ns() - began) / 1e6);
  }
  return milliseconds;
}

std::uint64_t Topology::settled_resident() const {
  sleep_until_ns(now_ns() + kSettleNs);
  return resident_bytes_of(options_.pid);
}

std::string Topology::run() {
  const int queues = options_.topology;
  const int bindings = queues * options_.bindings;
  FrameWriter writer;
  writer.begin(1, Method::exchange_declare).u16(0).short_string(exchange());
  writer.short_string("direct").u8(kDurable).u32(0).end();
  connections_.front().call(writer, Method::exchange_declare_ok);

  const std::uint64_t empty = settled_resident();
  const double declaring = spread(queues, [&](Connection& connection, int i) {
    declare_queue(connection, options_.queue + std::to_string(i));
  });
  const std::uint64_t declared = settled_resident();
  const double binding = spread(bindings, [&](Connection& connection, int i) {
    bind(connection, options_.queue + std::to_string(i % queues), i / queues);
  });
  const std::uint64_t bound = settled_resident();
  const std::vector<double> deleted = delete_wide();

  const auto growth = [](std::uint64_t after, std::uint64_t before, int count) {
    return count > 0 ? (static_cast<double>(after) - static_cast<double>(before)) / count : 0.0;
  };
  char line[512];
  std::snprintf(line, sizeof line,
                "{\"queues\":%d,\"bindings\":%d,\"connections\":%zu,\"declares_per_s\":%.0f,"
                "\"binds_per_s\":%.0f,\"rss_before_bytes\":%llu,\"rss_queues_bytes\":%llu,"
                "\"rss_bindings_bytes\":%llu,\"rss_queue_each\":%.0f,\"rss_binding_each\":%.0f,"
                "\"delete_bindings\":%d,\"delete_ms_max\":%.3f}",
                queues, bindings, connections_.size(), queues / std::max(declaring, 1e-9),
                bindings / std::max(binding, 1e-9), static_cast<unsigned long long>(empty),
                static_cast<unsigned long long>(declared), static_cast<unsigned long long>(bound),
                growth(declared, empty, queues), growth(bound, declared, bindings), options_.wide,
                *std::max_element(deleted.begin(), deleted.end()));
  return line;
}

}  // namespace

std::string run_topology(const Options& options) {
  return Topology(options).run();
}

std::string run_depth(const Options& options) {
  constexpr std::uint8_t kPassive = 1;
  Connection connection(options.endpoint);
  unsigned long long messages = 0;
  for (int i = 0; i < options.queues; ++i) {
    FrameWriter writer;
    writer.begin(1, Method::queue_declare).u16(0).short_string(queue_name(options, i));
    writer.u8(kPassive).u32(0).end();
    std::string answer;
    connection.call(writer, Method::queue_declare_ok, &answer);
    // Class and method, the queue's name, then the message count.
    const auto* payload = reinterpret_cast<const std::uint8_t*>(answer.data());
    const std::size_t count_at = answer.size() > 4 ? 5uz + payload[4] : answer.size();
    if (count_at + 4 > answer.size()) fail("queue.declare-ok is too short");
    messages += load_big<std::uint32_t>(payload + count_at);
  }
  return "{\"queues\":" + std::to_string(options.queues) +
         ",\"messages\":" + std::to_string(messages) + "}";
}

}  // namespace naru::bench
