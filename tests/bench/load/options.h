#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "connection.h"

namespace naru::bench {

struct Options {
  Endpoint endpoint;
  std::int64_t pid = 0;  // of the broker, for its CPU time and memory

  int threads = 1;
  int publishers = 1;
  int consumers = 1;
  int queues = 1;
  std::string queue = "load";
  bool durable = true;

  std::size_t size = 100;  // body octets, at least 8 for the time stamp
  bool persistent = true;
  std::uint32_t window = 1'000;  // unconfirmed messages per publisher; 0: no confirms
  std::uint16_t prefetch = 500;
  std::uint32_t ack_every = 50;  // 0: auto-ack
  double rate = 0;               // messages/s of all publishers together; 0: as fast as possible
  std::uint64_t count = 0;       // messages per publisher; 0: run for `seconds`
  double seconds = 5;
  double warm_up = 1;  // seconds before the measurement; none when count is given

  int idle = 0;  // open so many idle connections instead of a load
};

/// Reads `--name value` pairs. An unknown name, a missing value or a number out of range prints the
/// usage and ends the program with status 2.
Options parse_options(std::span<char* const> arguments);

}  // namespace naru::bench
