#include "admin/login_throttle.h"

#include <algorithm>

namespace naru::admin {

LoginThrottle::Bucket& LoginThrottle::bucket(std::string_view address, TimePoint now) {
  std::uint64_t hash = key_ ^ 0xcbf29ce484222325U;  // FNV-1a, started from a secret
  for (const char c : address) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  Bucket& found = buckets_[(hash ^ hash >> 32) % kBuckets];
  const auto refilled = static_cast<std::uint64_t>((now - found.since) / kRefill);
  if (refilled > 0) {
    found.used -= static_cast<std::uint32_t>(std::min<std::uint64_t>(found.used, refilled));
    found.since = now;
  }
  return found;
}

bool LoginThrottle::allows(std::string_view address, TimePoint now) {
  return bucket(address, now).used < kAttempts;
}

void LoginThrottle::failed(std::string_view address, TimePoint now) {
  ++bucket(address, now).used;
}

}  // namespace naru::admin
