#pragma once

#include <cstdint>

namespace naru::bench {

/// What /proc says about the broker (0 is "not given": everything reads as 0).
/// User and system CPU seconds of all its threads so far, those that ended included.
double cpu_seconds_of(std::int64_t pid);
/// Resident memory in bytes.
std::uint64_t resident_bytes_of(std::int64_t pid);
/// Bytes that it had disks write so far; what goes through the page cache counts when it is made
/// dirty. 0 when /proc may not be asked.
std::uint64_t written_bytes_of(std::int64_t pid);

/// Allows ourselves as many connections as the hard limit on descriptors does.
void raise_file_limit();

/// CLOCK_MONOTONIC in nanoseconds.
std::uint64_t now_ns();

/// Sleeps until now_ns() reaches `when_ns`.
void sleep_until_ns(std::uint64_t when_ns);

}  // namespace naru::bench
