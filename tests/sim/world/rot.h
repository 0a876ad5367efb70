#pragma once
/// Bits that flip under the bodies of messages, while the broker runs, and flip back.

#include <string>
#include <vector>

#include "base/random.h"
#include "storage/testing/fake_disk.h"
#include "tests/sim/history.h"

namespace naru::sim {

/// Finds a message in the files of the log by the end of its header, which is its number, and the
/// beginning of its body. A place may be a leftover that nobody reads any more: that is harmless.
class Rot {
 public:
  Rot(storage::testing::FakeDisk& disk, Random& random) : disk_(disk), random_(random) {}

  static constexpr std::uint32_t kBodyBytesMin = 100;

  /// Flips a bit of the message's body in one of the places where it is; false when there is none.
  bool hit(const Message& message);
  /// A start read everything that it needs: what is still there is outside of the log.
  void started();
  /// Flips back, where nothing else was written since. With `all` false, what a start has not seen:
  /// to a start after a crash it may look like a write that was cut off.
  void heal(bool all);
  bool is_live() const { return !spots_.empty(); }
  /// Something was hit since the process began, or is still.
  bool may_be_parked() const { return hit_in_run_ || is_live(); }
  void process_ended() { hit_in_run_ = false; }

 private:
  struct Spot {
    std::string path;
    std::size_t offset = 0;  // of `expected`
    std::string expected;    // the bytes there, with the flipped bit
    std::size_t bit = 0;
    bool seen_by_start = false;
  };
  bool is_there(const Spot& spot) const;

  storage::testing::FakeDisk& disk_;
  Random& random_;
  std::vector<Spot> spots_;
  bool hit_in_run_ = false;
};

}  // namespace naru::sim
