#pragma once
/// The consumers of one queue: whose turn it is.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/result.h"
#include "core/queue/consumer.h"

namespace naru::core {

/// Round robin among those of the highest priority that can take a record; lower ones only when all
/// above are blocked. A consumer is known by its slot, which stays taken as long as it is there or
/// somebody holds a lease from it. Costs a pointer and a few words while nobody consumes.
class ConsumerRing {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kNone = UINT32_MAX;

  struct Consumer {
    ConsumerSettings settings;
    std::uint32_t leased = 0;
    std::uint32_t pins = 0;  // batches on their way to it
    bool present = false;    // false: cancelled, only its leases are left
    bool active = false;     // linked: may take a record
    bool starved = false;    // found a shared credit empty; resume() clears it
    Slot next = kNone;
    Slot previous = kNone;
  };

  /// Errors: access_refused when an exclusive consumer is there, or `settings` asks to be the only
  /// one and is not.
  Result<Slot> add(ConsumerSettings settings);
  /// False when it is not there.
  bool remove(ConsumerKey key);
  Slot find(ConsumerKey key) const;

  /// Whose turn it is; kNone when nobody can take anything.
  Slot turn() const;
  /// The turn passes on to the next one of the same priority.
  void pass_turn(Slot slot);
  /// Whether the turn comes back to it at once, as nobody else of its priority can take a record.
  bool is_alone(Slot slot) const { return at(slot).next == slot; }
  /// One more lease of this consumer; it drops out of the ring at its prefetch limit: then false.
  bool add_lease(Slot slot) {
    Consumer& consumer = at(slot);
    if (++consumer.leased == consumer.settings.prefetch) update(slot);
    return consumer.active;
  }
  /// Leases of this consumer ended. True when it may take records again because of that.
  bool end_leases(Slot slot, std::uint32_t count);
  /// A shared credit is used up: out of the ring until resume().
  void starve(Slot slot);
  bool resume(ConsumerKey key);

  Consumer& at(Slot slot) { return *state_->slots[slot]; }
  const Consumer& at(Slot slot) const { return *state_->slots[slot]; }
  /// Keeps the slot taken while a batch for its consumer is out: handing one batch over may cancel
  /// the consumer of another, and a newcomer must not get what was meant for it.
  void pin(Slot slot) { ++at(slot).pins; }
  /// No-op after clear().
  void unpin(Slot slot) {
    if (state_ == nullptr || slot >= state_->slots.size() || !state_->slots[slot]) return;
    --at(slot).pins;
    free_if_done(slot);
  }
  /// Those that are there, in order of their slots.
  template <typename Visitor>
  void for_each(Visitor&& visitor) const {
    if (state_ == nullptr) return;
    for (const auto& consumer : state_->slots) {
      if (consumer && consumer->present) visitor(*consumer);
    }
  }
  std::uint32_t count() const { return count_; }
  /// Forgets everybody, leases included.
  void clear();

 private:
  struct Level {
    std::int32_t priority = 0;
    Slot head = kNone;          // whose turn it is among the active ones
    std::uint32_t members = 0;  // present
  };

  bool can_take(const Consumer& consumer) const {
    return consumer.present && !consumer.starved &&
           (consumer.settings.no_ack || consumer.settings.prefetch == 0 ||
            consumer.leased < consumer.settings.prefetch);
  }
  bool update(Slot slot);
  void link(Slot slot);
  void unlink(Slot slot);
  Level& level_of(std::int32_t priority);
  void free_if_done(Slot slot);

  /// Of a ring that somebody is in.
  struct State {
    std::vector<std::unique_ptr<Consumer>> slots;
    std::vector<Slot> free;
    boost::unordered_flat_map<ConsumerKey, Slot> present;
    std::vector<Level> levels;  // highest priority first
  };

  std::unique_ptr<State> state_;  // null: every slot is free
  std::uint32_t count_ = 0;
  bool exclusive_ = false;
};

}  // namespace naru::core
