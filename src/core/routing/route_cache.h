#pragma once
/// Remembers routes by exchange and routing key.

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/routing/route.h"

namespace naru::core {

/// Owned by one shard's catalogue. An entry is valid as long as its exchange's generation is the
/// one it was made in. Bound: `bytes_max` of keys and queues; when reached, everything is
/// forgotten, as what is hot comes back at once. A key is remembered from its second use on, so
/// that keys that never repeat (request ids) neither allocate nor push out those that do.
class RouteCache {
 public:
  explicit RouteCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The remembered route, or null. Valid until the next insert().
  const Route* find(ExchangeId exchange, std::string_view key, std::uint64_t generation) const;
  /// Copies `route`, unless this is the key's first use or it alone would fill half the cache;
  /// returns the copy or null.
  const Route* insert(ExchangeId exchange, std::string_view key, std::uint64_t generation,
                      const Route& route);
  void clear();
  /// Forgets everything when it is more.
  void set_bytes_max(std::size_t bytes_max);
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Key {
    ExchangeId exchange;
    std::string_view key;
  };
  struct Entry {
    ExchangeId exchange;
    std::string key;
    std::uint64_t generation = 0;
    Route route;
  };
  using EntryPtr = std::unique_ptr<Entry>;
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const Key& key) const;
    std::size_t operator()(const EntryPtr& entry) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Key& key, const EntryPtr& entry) const;
    bool operator()(const EntryPtr& entry, const Key& key) const { return (*this)(key, entry); }
    bool operator()(const EntryPtr& a, const EntryPtr& b) const { return a == b; }
  };

  static std::size_t bytes_of(const Entry& entry);
  bool used_before(const Key& key);

  boost::unordered_flat_set<EntryPtr, Hash, Equal> entries_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
  std::array<std::uint32_t, 4096> used_{};  // fingerprints of keys seen lately
};

}  // namespace naru::core
