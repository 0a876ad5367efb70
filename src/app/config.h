#pragma once
/// Everything that an operator can set, with its defaults. The table that names, bounds and
/// explains each is in settings.cc.

#include <cstdint>
#include <string>
#include <vector>

#include "io/network.h"

namespace naru::app {

/// Bytes, or a share of what there is. One of the two is 0.
struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::uint64_t percent = 60;

  bool operator==(const MemoryLimit&) const = default;
};
/// With less there is no room for a few large messages beside what the broker itself needs.
inline constexpr std::uint64_t kMemoryLimitBytesMin = std::uint64_t{64} << 20;

struct Config {
  std::string data_dir = "data";

  std::vector<io::Endpoint> listeners_amqp{{"127.0.0.1", 5672}};
  std::vector<io::Endpoint> listeners_http{{"127.0.0.1", 15672}};

  std::uint64_t server_shards = 1;
  std::uint64_t server_connections_max = 0;
  std::uint64_t server_handshake_ms = 10'000;
  std::uint64_t server_drain_ms = 2'000;
  std::uint64_t server_background_threads = 1;

  std::uint64_t amqp_message_bytes_max = std::uint64_t{128} << 20;
  std::string amqp_product = "Naru";

  std::uint64_t storage_threads = 4;
  std::uint64_t storage_wal_file_bytes = std::uint64_t{64} << 20;
  std::uint64_t storage_cache_bytes = std::uint64_t{32} << 20;
  std::uint64_t storage_writes_in_flight = 4;
  std::uint64_t storage_sync_interval_ms = 10;
  MemoryLimit memory_limit;
  std::uint64_t disk_free_min = std::uint64_t{1} << 30;

  std::string log_level = "info";
};

}  // namespace naru::app
