#pragma once
/// Password hashes: argon2id for those made here, RabbitMQ's salted SHA-256 for those imported.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::security {

/// Prepares libsodium; called once at start-up, before any other function here. Aborts when the
/// machine has no randomness.
void initialise();

/// What making or checking a hash takes meanwhile.
inline constexpr std::size_t kHashMemoryBytes = std::size_t{19} << 20;

/// What all of them that are under way hold now. Any thread may ask.
std::uint64_t hash_memory_in_use();

/// An argon2id hash in libsodium's text form, which carries its salt and its cost. Slow on purpose:
/// tens of milliseconds and kHashMemoryBytes, see docs/adr/0020. Errors: unavailable (no memory).
Result<std::string> hash_password(std::string_view password);

/// Whether `password` is what `hash` was made of. `hash` is an argon2id text or "sha256:" followed
/// by RabbitMQ's base64 of 4 bytes of salt and SHA-256(salt + password). Anything else is false.
/// Takes as long as the hash demands.
bool verify_password(std::string_view hash, std::string_view password);

/// A hash that was made elsewhere, as it is stored here. `algorithm` is RabbitMQ's name,
/// "rabbit_password_hashing_sha256" (also when empty), or "argon2id" for what export_hash() gave.
/// An empty hash stays empty: no password will do. Errors: malformed; not_implemented (another
/// algorithm).
Result<std::string> import_hash(std::string_view hash, std::string_view algorithm);

struct ExportedHash {
  std::string hash;
  std::string algorithm;
};
/// A stored hash as files of definitions have it.
ExportedHash export_hash(std::string_view stored);

/// A hash that no password matches, as costly to check as a real one: for users that do not exist.
const std::string& unmatchable_hash();

/// Overwrites the text's memory before it is freed.
void wipe(std::string& secret);

}  // namespace naru::security
