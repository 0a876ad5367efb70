#pragma once
/// What a process holds in memory, as a written sum of terms.

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>

namespace naru::server {

enum class MemoryTerm : std::uint8_t {
  strangers,    // connections before authentication, with all they hold
  connections,  // after it: their objects, sessions, leases
  caches,       // of the log, idle and shared buffers
  read_ahead,   // bodies that were read back for consumers to come
  indexes,      // of queues
  bodies,       // of messages that are not logged
  input,        // read and not yet committed: frames, unfinished bodies, transactions, log entries
  output,       // not yet sent
  metadata,     // what exists, and the state of queues: an estimate
  http,         // connections over HTTP, with what has come of requests and what is unsent
};
inline constexpr std::size_t kMemoryTerms = 10;

/// The term's name in metrics and in the API.
constexpr std::string_view to_string(MemoryTerm term) {
  constexpr std::string_view kNames[kMemoryTerms] = {"connections_unauthenticated",
                                                     "connections",
                                                     "caches",
                                                     "read_ahead",
                                                     "queue_indexes",
                                                     "message_bodies",
                                                     "uncommitted_input",
                                                     "unsent_output",
                                                     "metadata",
                                                     "http"};
  return kNames[std::to_underlying(term)];
}

/// Bytes by term. A value.
class MemoryAccount {
 public:
  std::uint64_t& operator[](MemoryTerm term) { return bytes_[std::to_underlying(term)]; }
  std::uint64_t operator[](MemoryTerm term) const { return bytes_[std::to_underlying(term)]; }
  std::uint64_t sum() const { return std::reduce(bytes_.begin(), bytes_.end()); }
  MemoryAccount& operator+=(const MemoryAccount& other) {
    for (std::size_t i = 0; i < kMemoryTerms; ++i) bytes_[i] += other.bytes_[i];
    return *this;
  }
  MemoryAccount& operator-=(const MemoryAccount& other) {
    for (std::size_t i = 0; i < kMemoryTerms; ++i) bytes_[i] -= other.bytes_[i];
    return *this;
  }
  bool operator==(const MemoryAccount&) const = default;

 private:
  std::array<std::uint64_t, kMemoryTerms> bytes_{};
};

}  // namespace naru::server
