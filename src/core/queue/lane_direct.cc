// Records that need no place in a queue: nothing is before them, they are not logged, and whoever
// waits for them takes them without an acknowledgement. They leave in the turn that brought them,
// while their bytes are still where they were read; nothing is stored, indexed or read back.

#include <algorithm>

#include "core/queue/lane_impl.h"

namespace naru::core {

// The consumer that such records of `queue` go to; kNone when they take the longer way. With one
// consumer there is no turn to keep. What is settled together stays together, and nothing overtakes
// a dispatch under way.
ConsumerRing::Slot Lane::Impl::direct_consumer(const Queue& queue) const {
  const bool first_in_line =
      queue.stats.ready == 0 && queue.visible_next == queue.next_seq && queue.gets.empty();
  const bool at_rest = owner_ && !stopped_ && dispatching_ == nullptr && !stage_.in_atomic();
  if (!first_in_line || !at_rest || queue.consumers.count() != 1) return ConsumerRing::kNone;
  const ConsumerRing::Slot slot = queue.consumers.turn();
  if (slot == ConsumerRing::kNone) return slot;
  const ConsumerSettings& settings = queue.consumers.at(slot).settings;
  const bool takes_now = settings.no_ack && sink_.takes_now(settings.key.connection);
  return takes_now ? slot : ConsumerRing::kNone;
}

// So many of the run's first records as there is credit for, the last of which may exceed it, as in
// every dispatch. A large body is stored, so that it can leave by reference.
std::size_t Lane::Impl::direct_count(const message::RecordRun& run,
                                     const ConsumerSettings& settings) {
  const std::size_t front_bytes = message::encoded_bytes(run.first) - run.first.body.size();
  std::int64_t credit =
      settings.connection_credit ? settings.connection_credit->available() : INT64_MAX;
  std::size_t count = 0;
  for (; count < run.size() && credit > 0; ++count) {
    const std::size_t body_bytes = run.body(count).size();
    if (body_bytes >= kOwnedBodyBytes) break;
    credit -= static_cast<std::int64_t>(front_bytes + body_bytes);
  }
  return count;
}

// Decides who takes what of the run, and counts it as published and delivered: it has its seqs, and
// in no other way was it ever in the queue.
Lane::Impl::Direct Lane::Impl::take_direct(std::span<const QueueId> queues,
                                           const message::RecordRun& run) {
  if (queues.size() != 1) return {};  // stored once, for all of them
  Queue* const queue = find(queues.front());
  if (queue == nullptr || level_of(run.first, queue->settings) != message::Durability::memory)
    return {};
  const ConsumerRing::Slot slot = direct_consumer(*queue);
  if (slot == ConsumerRing::kNone) return {};
  const Direct direct{queue, slot, queue->next_seq,
                      direct_count(run, queue->consumers.at(slot).settings)};
  if (direct.count == 0) return {};
  queue->stats.published += direct.count;
  queue->stats.delivered += direct.count;
  enqueued_[static_cast<std::size_t>(message::Durability::memory)] += direct.count;
  const Seq last(direct.first.value + direct.count - 1);
  queue->order.pop(last);
  queue->next_seq = queue->visible_next = last.next();
  return direct;
}

// The sink has said that it asks nothing of the lane meanwhile: what is looked at here stays.
void Lane::Impl::hand_on(const Direct& direct, const message::RecordRun& run) {
  const ConsumerSettings& settings = direct.queue->consumers.at(direct.consumer).settings;
  const std::size_t front_bytes = message::encoded_bytes(run.first) - run.first.body.size();
  for (std::size_t at = 0; at < direct.count;) {
    const std::size_t end = std::min(direct.count, at + options_.deliveries_per_run);
    std::int64_t bytes = 0;
    direct_.clear();
    for (; at < end; ++at) {
      Delivery& delivery =
          direct_.emplace_back(Seq(direct.first.value + at), false, run.first, nullptr);
      delivery.record.body = run.body(at);
      bytes += static_cast<std::int64_t>(front_bytes + delivery.record.body.size());
    }
    const std::int64_t credit_bytes = settings.connection_credit ? bytes : 0;
    if (credit_bytes != 0) settings.connection_credit->acquire(credit_bytes);
    const QueueRef queue{direct.queue->id, id_};
    sink_.on_deliveries(settings.key.connection,
                        {settings.key.handle, queue, direct_, credit_bytes}, 0);
  }
}

}  // namespace naru::core
