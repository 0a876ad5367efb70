#include "security/password.h"

#include <sodium.h>

#include <array>
#include <atomic>

#include "base/check.h"

namespace naru::security {

namespace {

// OWASP's second recommended setting for argon2id: 19 MiB, two passes. libsodium fixes one lane.
constexpr unsigned long long kPasses = 2;

constexpr std::string_view kSha256Prefix = "sha256:";
constexpr std::string_view kSha256Name = "rabbit_password_hashing_sha256";
constexpr std::string_view kArgon2idName = "argon2id";
constexpr std::size_t kSaltBytes = 4;

using Salted = std::array<unsigned char, kSaltBytes + crypto_hash_sha256_BYTES>;

bool read_sha256(std::string_view encoded, Salted& stored) {
  std::size_t stored_bytes = 0;
  return sodium_base642bin(stored.data(), stored.size(), encoded.data(), encoded.size(), nullptr,
                           &stored_bytes, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0 &&
         stored_bytes == stored.size();
}

bool verify_sha256(std::string_view encoded, std::string_view password) {
  Salted stored{};
  if (!read_sha256(encoded, stored)) return false;
  crypto_hash_sha256_state state;
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, stored.data(), kSaltBytes);
  crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(password.data()),
                            password.size());
  crypto_hash_sha256_final(&state, digest.data());
  return sodium_memcmp(digest.data(), stored.data() + kSaltBytes, digest.size()) == 0;
}

std::atomic<std::uint64_t> memory_in_use = 0;

/// For as long as a hash is made or checked.
class HashMemory {
 public:
  HashMemory() { memory_in_use += kHashMemoryBytes; }
  ~HashMemory() { memory_in_use -= kHashMemoryBytes; }
  HashMemory(const HashMemory&) = delete;
  HashMemory& operator=(const HashMemory&) = delete;
};

}  // namespace

std::uint64_t hash_memory_in_use() {
  return memory_in_use;
}

void initialise() {
  NARU_CHECK(sodium_init() >= 0, "the machine has randomness");
}

Result<std::string> hash_password(std::string_view password) {
  const HashMemory held;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses,
                            kHashMemoryBytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::unavailable, "not enough memory to hash a password");
  }
  return std::string(text.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  if (hash.starts_with(kSha256Prefix)) {
    return verify_sha256(hash.substr(kSha256Prefix.size()), password);
  }
  // libsodium wants its fixed-size buffer, zero-terminated.
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (hash.empty() || hash.size() >= text.size()) return false;
  hash.copy(text.data(), hash.size());
  const HashMemory held;
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

Result<std::string> import_hash(std::string_view hash, std::string_view algorithm) {
  if (hash.empty()) return std::string();
  if (algorithm.empty() || algorithm == kSha256Name) {
    Salted salted{};
    if (read_sha256(hash, salted)) return std::string(kSha256Prefix).append(hash);
    return fail(Errc::malformed,
                "password_hash must be base64 of 4 bytes of salt and SHA-256(salt + password)");
  }
  if (algorithm == kArgon2idName) {
    // What a hash costs to check is in the hash: only our own cost is taken.
    const std::string text(hash);
    if (text.size() < crypto_pwhash_STRBYTES &&
        crypto_pwhash_str_needs_rehash(text.c_str(), kPasses, kHashMemoryBytes) == 0) {
      return text;
    }
    return fail(Errc::malformed, "password_hash is not an argon2id hash as Naru makes them");
  }
  return fail(Errc::not_implemented,
              "of hashing algorithms only rabbit_password_hashing_sha256 is known");
}

ExportedHash export_hash(std::string_view stored) {
  if (stored.empty()) return {"", std::string(kSha256Name)};
  if (stored.starts_with(kSha256Prefix)) {
    return {std::string(stored.substr(kSha256Prefix.size())), std::string(kSha256Name)};
  }
  return {std::string(stored), std::string(kArgon2idName)};
}

const std::string& unmatchable_hash() {
  // Of 32 random bytes that are forgotten at once.
  static const std::string hash = [] {
    std::array<char, 32> nobody_knows{};
    randombytes_buf(nobody_knows.data(), nobody_knows.size());
    auto made = hash_password({nobody_knows.data(), nobody_knows.size()});
    NARU_CHECK(made.has_value(), "memory for one password hash");
    return *made;
  }();
  return hash;
}

void wipe(std::string& secret) {
  sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace naru::security
