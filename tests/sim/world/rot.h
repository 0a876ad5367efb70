#pragma once
/// Bits that flip under the bodies of messages, while the broker runs, and flip back.

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "storage/testing/fake_disk.h"
#include "tests/sim/history.h"

namespace naru::sim {

/// Finds a message in the files of the log by the end of its header, which is its number, and its
/// body; a fragment of a large one by its size, its checksum and itself. A place may be a leftover
/// that nobody reads any more: that is harmless.
class Rot {
 public:
  Rot(storage::testing::FakeDisk& disk, Random& random) : disk_(disk), random_(random) {}

  static constexpr std::uint32_t kBodyBytesMin = 100;

  /// Flips a bit of the message's body in one of the places where it is, whole or in fragments of
  /// so many bytes. What was hit: the whole, or the fragment; empty when there is no such place.
  std::string_view hit(const Message& message, std::size_t fragment_bytes);
  /// Whether the message may have been hit as well: a fragment of it may be equal.
  static bool is_part_of(std::string_view hit, const Message& message, std::size_t fragment_bytes);
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
  /// A piece of the message as it is stored: what is in front of it, and itself.
  struct Piece {
    std::string head;
    std::string_view body;
  };
  static std::vector<Piece> pieces_of(const Message& message, std::size_t fragment_bytes);
  bool is_there(const Spot& spot) const;

  storage::testing::FakeDisk& disk_;
  Random& random_;
  std::vector<Spot> spots_;
  bool hit_in_run_ = false;
};

}  // namespace naru::sim
