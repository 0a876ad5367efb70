#include "security/tokens.h"

#include <sodium.h>

namespace naru::security {

TokenKey new_token_key() {
  TokenKey key;
  randombytes_buf(key.data(), key.size());
  return key;
}

std::string Tokens::next() {
  ++count_;
  std::array<std::uint8_t, 16> digest;
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const std::uint8_t*>(&count_),
                     sizeof count_, key_.data(), key_.size());
  std::array<char, 2 * digest.size() + 1> text;
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  return text.data();
}

}  // namespace naru::security
