#include "security/login_cache.h"

#include <sodium.h>

namespace naru::security {

LoginCache::LoginCache(std::size_t entries_max) : entries_max_(entries_max) {
  randombytes_buf(key_.data(), key_.size());
}

LoginCache::Digest LoginCache::digest_of(std::string_view user, std::string_view stored_hash,
                                         std::string_view password) const {
  crypto_generichash_state state;
  Digest digest;
  crypto_generichash_init(&state, key_.data(), key_.size(), digest.size());
  // Lengths keep ("ab", "c") and ("a", "bc") apart.
  for (const std::string_view part : {user, stored_hash, password}) {
    const std::uint64_t bytes = part.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&bytes), sizeof bytes);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  }
  crypto_generichash_final(&state, digest.data(), digest.size());
  return digest;
}

bool LoginCache::contains(std::string_view user, std::string_view stored_hash,
                          std::string_view password) const {
  const auto found = by_user_.find(std::string(user));
  if (found == by_user_.end()) return false;
  const Digest digest = digest_of(user, stored_hash, password);
  return sodium_memcmp(found->second.data(), digest.data(), digest.size()) == 0;
}

void LoginCache::remember(std::string_view user, std::string_view stored_hash,
                          std::string_view password) {
  if (by_user_.size() >= entries_max_) by_user_.clear();
  by_user_[std::string(user)] = digest_of(user, stored_hash, password);
}

}  // namespace naru::security
