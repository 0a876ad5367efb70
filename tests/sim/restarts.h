#pragma once
/// How processes begin: after whatever the last one left on the disk, and after tries that did not
/// come to their end.

#include <map>
#include <string>

#include "base/random.h"
#include "tests/sim/coverage.h"
#include "tests/sim/options.h"
#include "tests/sim/world/world.h"

namespace naru::sim {

class Restarts {
 public:
  /// All outlive it.
  Restarts(Random& random, const FaultOptions& options, World& world, Findings& findings,
           Coverage& coverage)
      : random_(random),
        options_(options),
        world_(world),
        findings_(findings),
        coverage_(coverage) {}

  /// The first one, on an empty disk.
  void begin();
  /// The disk is in order again: often only after some tries that lose power on the way, or for
  /// which the disk fails once more.
  void recover();
  /// A bit of a file of the log flips while nobody runs. The start refuses, or finds what one finds
  /// before the flip, or after it was mended; at most some of it is parked as damaged.
  void rot();

 private:
  struct Found {
    std::string description;
    std::map<std::string, std::uint64_t> sizes;
    std::uint64_t parked = 0;
  };
  /// It has to succeed; flipped bits that it refuses are flipped back first.
  void start();
  Found look();
  Found look_with_a_start();
  void crash_in_recovery();
  void fail_in_recovery();
  void refused(const Error& error);
  /// A start that met a failure says where it was, and takes it for what it is.
  void failed(const Error& error);
  void compare(const Found& healthy, const Found& found, const std::string& flipped);

  Random& random_;
  const FaultOptions& options_;
  World& world_;
  Findings& findings_;
  Coverage& coverage_;
};

}  // namespace naru::sim
