#pragma once
/// How many connections all shards together may have.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

namespace naru::server {

class ConnectionSlots;

/// The right to be one of them; given back by destruction.
class ConnectionSlot {
 public:
  ConnectionSlot() = default;
  explicit ConnectionSlot(ConnectionSlots* of) : of_(of) {}
  ConnectionSlot(ConnectionSlot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept {
    std::swap(of_, other.of_);
    return *this;
  }
  ~ConnectionSlot();
  explicit operator bool() const { return of_ != nullptr; }

 private:
  ConnectionSlots* of_ = nullptr;
};

/// Shared by all shards: one number, touched once when a connection begins and once when it ends.
/// Outlives its slots.
class ConnectionSlots {
 public:
  explicit ConnectionSlots(std::uint64_t most) : most_(most) {}

  /// An empty one when all are taken.
  ConnectionSlot take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) < now_most()) return ConnectionSlot(this);
    give_back();
    return {};
  }
  std::uint64_t most() const { return most_; }
  /// While growth is held: less.
  std::uint64_t now_most() const {
    return std::min(most_, now_most_.load(std::memory_order_relaxed));
  }
  std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }
  /// From now on no more than `beyond` above those that are taken (UINT64_MAX: as many as ever):
  /// who ends makes room for who comes back.
  void hold_growth(std::uint64_t beyond) {
    now_most_ = beyond == UINT64_MAX ? UINT64_MAX : taken() + beyond;
  }
  bool growth_is_held() const { return now_most_ != UINT64_MAX; }

 private:
  friend class ConnectionSlot;
  void give_back() { taken_.fetch_sub(1, std::memory_order_relaxed); }

  const std::uint64_t most_;
  std::atomic<std::uint64_t> taken_ = 0;
  std::atomic<std::uint64_t> now_most_ = UINT64_MAX;
};

inline ConnectionSlot::~ConnectionSlot() {
  if (of_ != nullptr) of_->give_back();
}

}  // namespace naru::server
