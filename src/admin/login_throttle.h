#pragma once
/// Bounds how often one address may fail to log in.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace naru::admin {

/// A bucket of attempts for each address, refilled over time; a success costs nothing. Addresses
/// share a fixed number of buckets by a keyed hash, so that memory is bounded and nobody can choose
/// whom to collide with. Owned by one shard.
class LoginThrottle {
 public:
  explicit LoginThrottle(std::uint64_t key) : key_(key) {}

  /// Whether this address may try now what was not tried with success before.
  bool allows(std::string_view address, TimePoint now);
  void failed(std::string_view address, TimePoint now);

 private:
  static constexpr std::size_t kBuckets = 1024;
  // As many wrong passwords at once as a person mistypes or a few misconfigured clients send; then
  // one each second.
  static constexpr std::uint32_t kAttempts = 10;
  static constexpr Duration kRefill = std::chrono::seconds(1);

  struct Bucket {
    std::uint32_t used = 0;
    TimePoint since{};
  };
  Bucket& bucket(std::string_view address, TimePoint now);

  const std::uint64_t key_;
  std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace naru::admin
