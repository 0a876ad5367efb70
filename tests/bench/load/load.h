#pragma once

#include <cstdint>
#include <string>

#include "histogram.h"
#include "options.h"

namespace naru::bench {

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
  std::uint64_t broker_resident_bytes = 0;  // at the end of the measured time
};

/// Declares the queues, connects, runs the load and drains it.
LoadReport run_load(const Options& options);

/// One line of JSON.
std::string to_json(const LoadReport& report);

/// Opens idle connections with a channel each and returns one line of JSON with the broker's memory
/// before and after.
std::string run_idle(const Options& options);

}  // namespace naru::bench
