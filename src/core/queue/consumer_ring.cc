#include "core/queue/consumer_ring.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::core {

Result<ConsumerRing::Slot> ConsumerRing::add(ConsumerSettings settings) {
  if (exclusive_ || (settings.exclusive && count_ != 0))
    return fail(Errc::access_refused, "in exclusive use");
  if (state_ == nullptr) state_ = std::make_unique<State>();
  Slot slot = 0;
  if (state_->free.empty()) {
    slot = static_cast<Slot>(state_->slots.size());
    state_->slots.push_back(std::make_unique<Consumer>());
  } else {
    slot = state_->free.back();
    state_->free.pop_back();
    state_->slots[slot] = std::make_unique<Consumer>();
  }
  Consumer& consumer = at(slot);
  consumer.settings = std::move(settings);
  consumer.present = true;
  state_->present.emplace(consumer.settings.key, slot);
  exclusive_ = consumer.settings.exclusive;
  ++count_;
  ++level_of(consumer.settings.priority).members;
  update(slot);
  return slot;
}

bool ConsumerRing::remove(ConsumerKey key) {
  const Slot slot = find(key);
  if (slot == kNone) return false;
  Consumer& consumer = at(slot);
  consumer.present = false;
  state_->present.erase(key);
  update(slot);
  --count_;
  if (consumer.settings.exclusive) exclusive_ = false;
  Level& level = level_of(consumer.settings.priority);
  auto& levels = state_->levels;
  if (--level.members == 0) levels.erase(levels.begin() + (&level - levels.data()));
  // Whoever holds its leases may outlive the channel and the connection.
  consumer.settings.channel_credit.reset();
  consumer.settings.connection_credit.reset();
  consumer.settings.connection_leases.reset();
  free_if_done(slot);
  return true;
}

ConsumerRing::Slot ConsumerRing::find(ConsumerKey key) const {
  if (state_ == nullptr) return kNone;
  const auto found = state_->present.find(key);
  return found == state_->present.end() ? kNone : found->second;
}

ConsumerRing::Slot ConsumerRing::turn() const {
  if (state_ == nullptr) return kNone;
  for (const Level& level : state_->levels) {
    if (level.head != kNone) return level.head;
  }
  return kNone;
}

void ConsumerRing::pass_turn(Slot slot) {
  if (at(slot).next == slot) return;  // alone at its priority
  level_of(at(slot).settings.priority).head = at(slot).next;
}

bool ConsumerRing::end_leases(Slot slot, std::uint32_t count) {
  Consumer& consumer = at(slot);
  NARU_CHECK(consumer.leased >= count, "a lease ends once");
  consumer.leased -= count;
  const bool revived = update(slot);
  free_if_done(slot);
  return revived;
}

void ConsumerRing::starve(Slot slot) {
  at(slot).starved = true;
  update(slot);
}

bool ConsumerRing::resume(ConsumerKey key) {
  const Slot slot = find(key);
  if (slot == kNone) return false;
  at(slot).starved = false;
  return update(slot);
}

void ConsumerRing::clear() {
  state_.reset();
  count_ = 0;
  exclusive_ = false;
}

// Returns true when the consumer came into the ring by this.
bool ConsumerRing::update(Slot slot) {
  Consumer& consumer = at(slot);
  const bool wanted = can_take(consumer);
  if (wanted == consumer.active) return false;
  if (wanted) {
    link(slot);
  } else {
    unlink(slot);
  }
  return wanted;
}

// A newcomer waits until all others had their turn.
void ConsumerRing::link(Slot slot) {
  Consumer& consumer = at(slot);
  Level& level = level_of(consumer.settings.priority);
  consumer.active = true;
  if (level.head == kNone) {
    consumer.next = consumer.previous = slot;
    level.head = slot;
    return;
  }
  Consumer& head = at(level.head);
  consumer.next = level.head;
  consumer.previous = head.previous;
  at(head.previous).next = slot;
  head.previous = slot;
}

void ConsumerRing::unlink(Slot slot) {
  Consumer& consumer = at(slot);
  Level& level = level_of(consumer.settings.priority);
  consumer.active = false;
  if (consumer.next == slot) {
    level.head = kNone;
  } else {
    if (level.head == slot) level.head = consumer.next;
    at(consumer.next).previous = consumer.previous;
    at(consumer.previous).next = consumer.next;
  }
  consumer.next = consumer.previous = kNone;
}

ConsumerRing::Level& ConsumerRing::level_of(std::int32_t priority) {
  auto& levels = state_->levels;
  const auto found = std::find_if(levels.begin(), levels.end(),
                                  [&](const Level& level) { return level.priority <= priority; });
  if (found != levels.end() && found->priority == priority) return *found;
  return *levels.insert(found, Level{priority, kNone, 0});
}

// Nobody may look into the slot, nor into the ring's state, after this.
void ConsumerRing::free_if_done(Slot slot) {
  const Consumer& consumer = at(slot);
  if (consumer.present || consumer.leased != 0 || consumer.pins != 0) return;
  state_->slots[slot].reset();
  state_->free.push_back(slot);
  if (state_->free.size() == state_->slots.size()) state_.reset();
}

}  // namespace naru::core
