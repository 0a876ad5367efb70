#include "core/routing/route_cache.h"

#include "core/routing/text_hash.h"

namespace naru::core {

std::size_t RouteCache::Hash::operator()(const Key& key) const {
  return mix(TextHash()(key.key), key.exchange.value);
}

std::size_t RouteCache::Hash::operator()(const EntryPtr& entry) const {
  return (*this)(Key{entry->exchange, entry->key});
}

bool RouteCache::Equal::operator()(const Key& key, const EntryPtr& entry) const {
  return key.exchange == entry->exchange && key.key == entry->key;
}

const Route* RouteCache::find(ExchangeId exchange, std::string_view key,
                              std::uint64_t generation) const {
  const auto at = entries_.find(Key{exchange, key});
  if (at == entries_.end() || (*at)->generation != generation) return nullptr;
  return &(*at)->route;
}

const Route* RouteCache::insert(ExchangeId exchange, std::string_view key, std::uint64_t generation,
                                const Route& route) {
  if (const auto at = entries_.find(Key{exchange, key}); at != entries_.end()) {
    bytes_ -= bytes_of(**at);  // a route of today may be much larger
    entries_.erase(at);
  } else if (!used_before(Key{exchange, key})) {
    return nullptr;
  }
  auto entry = std::make_unique<Entry>(exchange, std::string(key), generation, route);
  if (bytes_of(*entry) > bytes_max_ / 2) return nullptr;
  if (bytes_ + bytes_of(*entry) > bytes_max_) clear();
  bytes_ += bytes_of(*entry);
  return &(*entries_.insert(std::move(entry)).first)->route;
}

void RouteCache::clear() {
  entries_.clear();
  bytes_ = 0;
}

void RouteCache::set_bytes_max(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  if (bytes_ <= bytes_max_) return;
  entries_ = {};
  bytes_ = 0;
}

std::size_t RouteCache::bytes_of(const Entry& entry) {
  return sizeof(Entry) + 2 * sizeof(void*) + entry.key.capacity() + entry.route.memory_bytes();
}

bool RouteCache::used_before(const Key& key) {
  const std::size_t hash = Hash()(key);
  std::uint32_t& slot = used_[hash % used_.size()];
  const auto fingerprint = static_cast<std::uint32_t>(hash >> 32) | 1;
  const bool before = slot == fingerprint;
  slot = fingerprint;
  return before;
}

}  // namespace naru::core
