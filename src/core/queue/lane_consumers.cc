// Who takes records: consumers, and single reads.

#include "base/mutant.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

Result<void> Lane::Impl::add_consumer(Queue& queue, ConsumerSettings settings, const Now& now) {
  NARU_TRY_VOID(queue.consumers.add(std::move(settings)));
  touch(queue, now);
  queue.unused_told = false;
  want_dispatch(queue);
  return {};
}

void Lane::Impl::remove_consumer(Queue& queue, ConsumerKey consumer, const Now& now) {
  if (!queue.consumers.remove(consumer)) return;
  touch(queue, now);
  want_dispatch(queue);  // its share, and the time of an unused queue begins
  if (queue.consumers.count() != 0 || !queue.settings.auto_delete || queue.unused_told) return;
  if (NARU_MUTANT(forget_auto_delete)) return;
  queue.unused_told = true;
  sink_.on_queue_unused(QueueRef{queue.id, id_});
}

void Lane::Impl::resume_consumer(Queue& queue, ConsumerKey consumer) {
  if (queue.consumers.resume(consumer)) want_dispatch(queue);
}

// The consumer went while another one's batch was handed over: nobody saw these.
void Lane::Impl::undeliver(Queue& queue, const DeliveryBatches::Batch& batch) {
  for (const Delivery& delivery : batch.deliveries) {
    IndexEntry* entry = queue.index.find(delivery.seq);
    if (entry == nullptr || entry->state != RecordState::leased) continue;
    queue.leave_leased(*entry);
    entry->state = RecordState::ready;
    if (!delivery.redelivered)
      entry->flags = static_cast<std::uint8_t>(entry->flags & ~IndexEntry::kDelivered);
    if (entry->holder != IndexEntry::kNoHolder) queue.consumers.end_leases(entry->holder, 1);
    entry->holder = IndexEntry::kNoHolder;
    queue.enter_ready(*entry);
    queue.put_back(delivery.seq);
  }
  want_dispatch(queue);
}

void Lane::Impl::get(QueueId id, bool no_ack, TicketId ticket, const Now& now) {
  Queue* queue = find(id);
  if (queue == nullptr) {
    sink_.on_got(ticket, Got{QueueRef{id, id_}, std::nullopt, 0});
    return;
  }
  queue->gets.push_back({ticket, queue->next_seq, no_ack});
  touch(*queue, now);
  want_dispatch(*queue);
}

}  // namespace naru::core
