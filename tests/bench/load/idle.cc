#include <cstdio>
#include <vector>

#include "load.h"
#include "process.h"

namespace naru::bench {
namespace {

// Time for the broker to free what the handshakes took and to run its own housekeeping.
constexpr std::uint64_t kSettleNs = 2'000'000'000;

}  // namespace

std::string run_idle(const Options& options) {
  {
    const Connection first(options.endpoint);  // what the broker sets up once is not counted
  }
  sleep_until_ns(now_ns() + kSettleNs);
  const std::uint64_t before = resident_bytes_of(options.pid);
  const std::uint64_t began = now_ns();
  std::vector<Connection> connections;
  connections.reserve(static_cast<std::size_t>(options.idle));
  for (int i = 0; i < options.idle; ++i) connections.emplace_back(options.endpoint);
  const double connect_seconds = static_cast<double>(now_ns() - began) / 1e9;
  sleep_until_ns(now_ns() + kSettleNs);
  const std::uint64_t after = resident_bytes_of(options.pid);
  const double each = (static_cast<double>(after) - static_cast<double>(before)) / options.idle;
  char line[256];
  std::snprintf(line, sizeof line,
                "{\"idle_connections\":%d,\"connect_seconds\":%.3f,\"rss_before_bytes\":%llu,"
                "\"rss_after_bytes\":%llu,\"rss_each_bytes\":%.0f}",
                options.idle, connect_seconds, static_cast<unsigned long long>(before),
                static_cast<unsigned long long>(after), each);
  return line;
}

}  // namespace naru::bench
