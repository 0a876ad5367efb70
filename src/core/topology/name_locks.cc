#include "core/topology/name_locks.h"

#include "base/check.h"
#include "core/routing/text_hash.h"

namespace naru::core {

namespace {

std::uint64_t hash_of(NameKind kind, TenantId tenant, std::string_view name) {
  return mix(TextHash()(name), std::uint64_t{tenant.value} << 8 | static_cast<std::uint8_t>(kind));
}

}  // namespace

NameLock NameLock::shared(NameKind kind, TenantId tenant, std::string_view name) {
  return {hash_of(kind, tenant, name), false};
}

NameLock NameLock::own(NameKind kind, TenantId tenant, std::string_view name) {
  return {hash_of(kind, tenant, name), true};
}

bool NameLocks::excludes(const Counts& counts, NameLock lock) {
  const auto at = counts.find(lock.name);
  if (at == counts.end()) return false;
  return at->second.exclusive > 0 || (lock.exclusive && at->second.shared > 0);
}

bool NameLocks::conflict(std::span<const NameLock> locks) const {
  for (const NameLock& lock : locks) {
    if (excludes(held_, lock) || excludes(claimed_, lock)) return true;
  }
  return false;
}

void NameLocks::add(Counts& counts, std::span<const NameLock> locks) {
  for (const NameLock& lock : locks) {
    Count& count = counts[lock.name];
    ++(lock.exclusive ? count.exclusive : count.shared);
  }
}

void NameLocks::release(std::span<const NameLock> locks) {
  for (const NameLock& lock : locks) {
    const auto at = held_.find(lock.name);
    NARU_CHECK(at != held_.end(), "what is released was held");
    --(lock.exclusive ? at->second.exclusive : at->second.shared);
    if (at->second.exclusive == 0 && at->second.shared == 0) held_.erase(at);
  }
}

}  // namespace naru::core
