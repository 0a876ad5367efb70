#pragma once
/// Texts that nobody can guess, not even who has seen others.

#include <array>
#include <cstdint>
#include <string>

namespace naru::security {

using TokenKey = std::array<std::uint8_t, 32>;

/// From the machine's randomness.
TokenKey new_token_key();

/// Owned by one shard. The same key gives the same tokens, so that a simulation can repeat itself.
class Tokens {
 public:
  explicit Tokens(const TokenKey& key) : key_(key) {}

  /// 32 hexadecimal digits: keyed BLAKE2b (RFC 7693) of a counter.
  std::string next();

 private:
  const TokenKey key_;
  std::uint64_t count_ = 0;
};

}  // namespace naru::security
