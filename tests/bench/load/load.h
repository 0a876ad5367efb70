#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "histogram.h"
#include "options.h"

namespace naru::bench {

/// How far a counted run was, and what the broker held then.
struct Mark {
  std::uint64_t messages = 0;
  double seconds = 0;  // since the run began
  std::uint64_t broker_resident_bytes = 0;
};

/// What a load run has seen. Rates and latencies are of the measured time; the totals are of the
/// whole run with warm-up and drain, for accounting.
struct LoadReport {
  double seconds = 0;  // measured
  std::uint64_t sent_measured = 0;
  std::uint64_t got_measured = 0;
  std::uint64_t sent = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t refused = 0;
  std::uint64_t got = 0;
  Histogram confirm;
  Histogram end_to_end;
  double broker_cpu_seconds = 0;
  double own_cpu_seconds = 0;
  std::uint64_t broker_written_bytes = 0;  // to the disk, in the measured time
  std::uint64_t broker_resident_before_bytes = 0;
  std::uint64_t broker_resident_bytes = 0;  // at the end of the measured time
  std::uint64_t broker_resident_max_bytes = 0;
  // Messages got in the measured time by the consumer that got fewest, and by that with most.
  std::uint64_t consumer_least = 0;
  std::uint64_t consumer_most = 0;
  std::vector<Mark> marks;
};

/// Declares the queues, connects, runs the load and drains it.
LoadReport run_load(const Options& options);

/// One line of JSON.
std::string to_json(const LoadReport& report);

/// Opens idle connections with a channel each and returns one line of JSON with the broker's memory
/// before and after.
std::string run_idle(const Options& options);

/// Asks how many messages the queues hold; one line of JSON.
std::string run_depth(const Options& options);

/// Declares queues and bindings over many connections, each waiting for its answers, and returns
/// one line of JSON with the rates, the broker's memory and how long deletions took.
std::string run_topology(const Options& options);

}  // namespace naru::bench
