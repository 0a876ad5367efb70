#pragma once
/// Remembers successful logins, so that a storm of reconnecting clients does not pay argon2id each
/// time.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace naru::security {

/// Keeps no password: a keyed hash (BLAKE2b under a key of this process) of user, stored hash and
/// password. A changed password changes the stored hash, so an old entry never matches again. Owned
/// by one shard.
class LoginCache {
 public:
  using Digest = std::array<unsigned char, 32>;

  explicit LoginCache(std::size_t entries_max = 4096);

  bool contains(std::string_view user, std::string_view stored_hash,
                std::string_view password) const;
  /// When full, everything is forgotten: the next logins pay once more.
  void remember(std::string_view user, std::string_view stored_hash, std::string_view password);

  /// What stands for a login here, and nowhere else.
  Digest digest_of(std::string_view user, std::string_view stored_hash,
                   std::string_view password) const;

 private:
  const std::size_t entries_max_;
  std::array<unsigned char, 32> key_;
  std::unordered_map<std::string, Digest> by_user_;
};

}  // namespace naru::security
