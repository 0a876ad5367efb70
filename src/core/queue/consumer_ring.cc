#include "core/queue/consumer_ring.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::core {

Result<ConsumerRing::Slot> ConsumerRing::add(ConsumerSettings settings) {
  if (exclusive_ || (settings.exclusive && count_ != 0))
    return fail(Errc::access_refused, "in exclusive use");
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(slots_.size());
    slots_.push_back(std::make_unique<Consumer>());
  } else {
    slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::make_unique<Consumer>();
  }
  Consumer& consumer = *slots_[slot];
  consumer.settings = std::move(settings);
  consumer.present = true;
  present_.emplace(consumer.settings.key, slot);
  exclusive_ = consumer.settings.exclusive;
  ++count_;
  ++level_of(consumer.settings.priority).members;
  update(slot);
  return slot;
}

bool ConsumerRing::remove(ConsumerKey key) {
  const Slot slot = find(key);
  if (slot == kNone) return false;
  Consumer& consumer = *slots_[slot];
  consumer.present = false;
  present_.erase(key);
  update(slot);
  --count_;
  if (consumer.settings.exclusive) exclusive_ = false;
  Level& level = level_of(consumer.settings.priority);
  if (--level.members == 0) levels_.erase(levels_.begin() + (&level - levels_.data()));
  // Whoever holds its leases may outlive the channel and the connection.
  consumer.settings.channel_credit.reset();
  consumer.settings.connection_credit.reset();
  free_if_done(slot);
  return true;
}

ConsumerRing::Slot ConsumerRing::find(ConsumerKey key) const {
  const auto found = present_.find(key);
  return found == present_.end() ? kNone : found->second;
}

ConsumerRing::Slot ConsumerRing::turn() const {
  for (const Level& level : levels_) {
    if (level.head != kNone) return level.head;
  }
  return kNone;
}

void ConsumerRing::pass_turn(Slot slot) {
  if (slots_[slot]->next == slot) return;  // alone at its priority
  level_of(slots_[slot]->settings.priority).head = slots_[slot]->next;
}

bool ConsumerRing::end_leases(Slot slot, std::uint32_t count) {
  Consumer& consumer = *slots_[slot];
  NARU_CHECK(consumer.leased >= count, "a lease ends once");
  consumer.leased -= count;
  const bool revived = update(slot);
  free_if_done(slot);
  return revived;
}

void ConsumerRing::starve(Slot slot) {
  slots_[slot]->starved = true;
  update(slot);
}

bool ConsumerRing::resume(ConsumerKey key) {
  const Slot slot = find(key);
  if (slot == kNone) return false;
  slots_[slot]->starved = false;
  return update(slot);
}

void ConsumerRing::clear() {
  slots_.clear();
  free_.clear();
  present_.clear();
  levels_.clear();
  count_ = 0;
  exclusive_ = false;
}

// Returns true when the consumer came into the ring by this.
bool ConsumerRing::update(Slot slot) {
  Consumer& consumer = *slots_[slot];
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
  Consumer& consumer = *slots_[slot];
  Level& level = level_of(consumer.settings.priority);
  consumer.active = true;
  if (level.head == kNone) {
    consumer.next = consumer.previous = slot;
    level.head = slot;
    return;
  }
  Consumer& head = *slots_[level.head];
  consumer.next = level.head;
  consumer.previous = head.previous;
  slots_[head.previous]->next = slot;
  head.previous = slot;
}

void ConsumerRing::unlink(Slot slot) {
  Consumer& consumer = *slots_[slot];
  Level& level = level_of(consumer.settings.priority);
  consumer.active = false;
  if (consumer.next == slot) {
    level.head = kNone;
  } else {
    if (level.head == slot) level.head = consumer.next;
    slots_[consumer.next]->previous = consumer.previous;
    slots_[consumer.previous]->next = consumer.next;
  }
  consumer.next = consumer.previous = kNone;
}

ConsumerRing::Level& ConsumerRing::level_of(std::int32_t priority) {
  const auto found = std::find_if(levels_.begin(), levels_.end(),
                                  [&](const Level& level) { return level.priority <= priority; });
  if (found != levels_.end() && found->priority == priority) return *found;
  return *levels_.insert(found, Level{priority, kNone, 0});
}

void ConsumerRing::free_if_done(Slot slot) {
  const Consumer& consumer = *slots_[slot];
  if (consumer.present || consumer.leased != 0 || consumer.pins != 0) return;
  slots_[slot].reset();
  free_.push_back(slot);
}

}  // namespace naru::core
