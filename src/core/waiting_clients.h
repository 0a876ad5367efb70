#pragma once
/// Connections that wait for one thing, in the order in which they came to wait.

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/ids.h"

namespace naru::core {

/// Owned by one shard; each connection is in it once at most. Those that have gone stay in it for a
/// while, as a list is not searched for each that goes, but never more of them than there are
/// connections: what waits for days costs no memory by who comes and goes.
class WaitingClients {
 public:
  void add(ConnectionId id) { ids_.push_back(id); }
  bool empty() const { return ids_.empty(); }
  std::size_t size() const { return ids_.size(); }

  /// The first ones, at most so many.
  std::vector<ConnectionId> take(std::size_t count_max) {
    const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(std::min(count_max, ids_.size()));
    std::vector<ConnectionId> taken(ids_.begin(), end);
    ids_.erase(ids_.begin(), end);
    return taken;
  }
  std::vector<ConnectionId> take_all() { return std::exchange(ids_, {}); }

  /// A connection has gone, and `connections` are left, for which `is_there` says yes.
  template <typename IsThere>
  void one_has_gone(std::size_t connections, IsThere is_there) {
    constexpr std::size_t kGoneKept = 64;
    if (ids_.size() > 2 * connections + kGoneKept)
      std::erase_if(ids_, [&](ConnectionId id) { return !is_there(id); });
  }

 private:
  std::vector<ConnectionId> ids_;
};

}  // namespace naru::core
