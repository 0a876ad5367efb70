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
  std::string queue = "load";  // queues are called load0, load1, …
  int first_queue = 0;         // the number of the first one
  bool declare = true;         // delete and declare them; false: they are there
  bool fanout = false;         // publish to a fanout exchange that all queues are bound to
  bool durable = true;

  std::size_t size = 100;  // body octets, at least 8 for the time stamp
  bool persistent = true;
  std::uint32_t window = 1'000;  // unconfirmed messages per publisher; 0: no confirms
  std::uint16_t prefetch = 500;
  std::uint32_t ack_every = 50;  // 0: auto-ack
  double rate = 0;               // messages/s of all publishers together; 0: as fast as possible
  std::uint64_t count = 0;       // messages per publisher; 0: run for `seconds`
  std::uint64_t expect = 0;      // without publishers: messages that the consumers wait for
  double seconds_max = 0;        // a counted run ends after so long in any case; 0: never
  std::uint64_t mark_every = 0;  // messages between two marks in the report; 0: none
  double seconds = 5;
  double warm_up = 1;  // seconds before the measurement; none when count is given

  // Instead of a load:
  int idle = 0;        // open so many idle connections
  bool depth = false;  // count the messages in the queues
  int topology = 0;    // declare so many queues over `publishers` connections, …
  int bindings = 10;   // … bind each so often, …
  int wide = 3'000;    // … and delete queues with so many bindings
};

/// Reads `--name value` pairs. An unknown name, a missing value or a number out of range prints the
/// usage and ends the program with status 2.
Options parse_options(std::span<char* const> arguments);

/// The queue of publisher or consumer `i`: they are dealt out over the queues.
std::string queue_name(const Options& options, int i);
/// The exchange that `fanout` publishes to.
std::string fanout_exchange(const Options& options);

}  // namespace naru::bench
