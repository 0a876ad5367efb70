#pragma once
/// Which names have a change under way, so that later changes of the same names wait in order.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/ids.h"

namespace naru::core {

enum class NameKind : std::uint8_t { tenant = 1, exchange, queue, connection, user, permission };

/// One name that a change depends on, or changes. Names are kept as hashes: two that collide wait
/// for each other needlessly and nothing else.
struct NameLock {
  std::uint64_t name = 0;
  bool exclusive = false;

  static NameLock shared(NameKind kind, TenantId tenant, std::string_view name);
  static NameLock own(NameKind kind, TenantId tenant, std::string_view name);
};

/// Held by decisions on their way, claimed by changes that wait. Any number may share a name; an
/// exclusive one is alone.
class NameLocks {
 public:
  /// True when somebody holds or claims one of `locks` in a way that excludes it.
  bool conflict(std::span<const NameLock> locks) const;
  void hold(std::span<const NameLock> locks) { add(held_, locks); }
  void release(std::span<const NameLock> locks);
  void claim(std::span<const NameLock> locks) { add(claimed_, locks); }
  void clear_claims() { claimed_.clear(); }
  bool empty() const { return held_.empty() && claimed_.empty(); }

 private:
  struct Count {
    std::uint32_t shared = 0;
    std::uint32_t exclusive = 0;
  };
  using Counts = boost::unordered_flat_map<std::uint64_t, Count>;
  static void add(Counts& counts, std::span<const NameLock> locks);
  static bool excludes(const Counts& counts, NameLock lock);

  Counts held_;
  Counts claimed_;
};

}  // namespace naru::core
