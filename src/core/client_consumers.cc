// What a connection's consumers hold: bytes on their way, and leases. Both have a bound.

#include <functional>
#include <utility>

#include "core/client.h"
#include "core/queue/lane.h"
#include "core/shard.h"

namespace naru::core {

void Client::each_consumer(const std::function<void(const Consumer&)>& visit) const {
  for (const auto& [handle, consumer] : consumers_) visit(consumer);
}

void Client::on_output_drained() {
  waiting_reply_bytes_ = 0;
  if (handed_bytes_ == 0) return;
  credit_->release(std::exchange(handed_bytes_, 0));
  if (credit_->take_starved()) resume_consumers();
}

void Client::look_at_limits() {
  credit_->set_limit(shard_.connection_credit_bytes());
  limit_leases();
}

void Client::add_consumer(ConsumerHandle handle, Consumer consumer) {
  leases_asked_ += consumer.leases_asked();
  consumers_[handle] = std::move(consumer);
  limit_leases();
}

bool Client::remove_consumer(ConsumerHandle handle) {
  const auto found = consumers_.find(handle);
  if (found == consumers_.end()) return false;
  leases_asked_ -= found->second.leases_asked();
  consumers_.erase(found);
  limit_leases();
  return true;
}

void Client::set_channel_limit(const ChannelLimit& shared) {
  for (auto& [handle, consumer] : consumers_) {
    if (consumer.channel != shared.channel) continue;
    leases_asked_ -= consumer.leases_asked();
    consumer.channel_limit = shared.limit;
    leases_asked_ += consumer.leases_asked();
  }
  limit_leases();
}

void Client::limit_leases() {
  if (kind_ == ClientKind::internal) return;
  leases_->set_limit(shard_.connection_leases_max(leases_asked_));
  // With more of them it goes on: perhaps it waits for more before it acknowledges any.
  if (may_hold_more() && leases_->take_starved()) resume_consumers();
}

void Client::end_leases(QueueRef queue, Seq first, Seq last, Batch::LeaseEnd end) {
  ended_leases_ += static_cast<std::int64_t>(last.value - first.value + 1);
  shard_.end_leases(queue, first, last, end);
}

// Once for all that a submit() ends.
void Client::release_ended_leases() {
  if (ended_leases_ == 0) return;
  take_leases(-ended_leases_);
  leases_->release(std::exchange(ended_leases_, 0));
  if (leases_->take_starved()) resume_consumers();
}

void Client::take_leases(std::int64_t change) {
  held_leases_ += change;
  shard_.note_leases(change);
}

bool Client::may_hold_more() const {
  const std::int64_t limit = leases_->limit();
  return limit == 0 || leases_->used() < limit;
}

void Client::resume_consumers() {
  for (const auto& [handle, consumer] : consumers_) {
    const ConsumerKey key{id_, handle};
    shard_.on_lane_shard(consumer.queue.lane, [queue = consumer.queue, key](Shard& owner) {
      owner.lane(queue.lane).resume_consumer(queue.id, key);
    });
  }
}

}  // namespace naru::core
