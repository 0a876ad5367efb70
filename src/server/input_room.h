#pragma once
/// Room for what is read and kept until it is complete: unfinished bodies, transactions.

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace naru::server {

/// Owned by one shard. Who finds no room waits in line and is not read meanwhile. What is let in is
/// let in whole, so that it can always be completed; small things have a line, and an eighth of the
/// room, of their own.
/// Connections are named by their numbers.
class InputRoom {
 public:
  /// Whoever takes longer than `patience`, while others wait, has to go.
  explicit InputRoom(std::size_t bytes_max, Duration patience = std::chrono::seconds(10))
      : bytes_max_(bytes_max),
        small_bytes_(std::max<std::size_t>(bytes_max / 16, 64 * 1024)),
        patience_(patience) {}

  /// A ticket for `bytes`; none when there is no room now. What is larger than all the room is let
  /// in alone.
  std::optional<std::uint64_t> take(std::uint64_t connection, std::size_t bytes, TimePoint now);
  /// More of the same; false, and nothing changes, when there is no room.
  bool grow(std::uint64_t ticket, std::size_t bytes);
  void give(std::uint64_t ticket);

  /// The connection stands in line for `bytes`; once.
  void wait(std::uint64_t connection, std::size_t bytes);
  /// The next in line, when there is room for what it wants: kept for it until it takes something,
  /// or is found not to come.
  std::optional<std::uint64_t> call_next();
  /// What is kept for the connection since it was called is free again; false when nothing is.
  bool give_kept(std::uint64_t connection);
  /// The connection is gone: its place in line, or what is kept for it, is free.
  void forget(std::uint64_t connection);

  /// While somebody waits: the connections that have to go, as their patience is over. Those that
  /// hold most by one ticket are named first, each once, and no more of them than until those who
  /// go hold what the lines want.
  std::vector<std::uint64_t> overdue(TimePoint now);

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  /// Up to this a thing is small; so are most messages that a read happens to cut in two.
  std::size_t small_bytes() const { return small_bytes_; }
  std::size_t waiting() const { return small_line_.size() + line_.size(); }

 private:
  struct Holder {
    std::uint64_t connection = 0;
    std::size_t bytes = 0;
    TimePoint since;
    bool has_to_go = false;
  };
  struct Waiter {
    std::uint64_t connection = 0;
    std::size_t bytes = 0;
  };

  using Line = std::deque<Waiter>;
  Line& line_for(std::size_t bytes) { return bytes <= small_bytes_ ? small_line_ : line_; }
  bool fits(std::size_t bytes) const;
  std::optional<std::uint64_t> call_from(Line& line);

  const std::size_t bytes_max_;
  const std::size_t small_bytes_;
  const Duration patience_;
  std::size_t bytes_ = 0;
  std::uint64_t tickets_ = 0;
  boost::unordered_flat_map<std::uint64_t, Holder> holders_;    // by ticket
  boost::unordered_flat_map<std::uint64_t, std::size_t> kept_;  // by connection: called, not come
  Line small_line_;
  Line line_;
};

}  // namespace naru::server
