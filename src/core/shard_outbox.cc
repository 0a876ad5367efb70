// Between shards: tasks in order, and hot traffic in batches (outbox.h).

#include <utility>

#include "base/check.h"
#include "core/shard.h"

namespace naru::core {

void Shard::on_shard(ShardId to, ShardTask task) {
  if (to == options_.id) return task(*this);
  send_batch(to);  // keeps the order between hot traffic and this
  link_.post(to, std::move(task));
}

void Shard::on_lane_shard(GroupId lane, ShardTask task) {
  on_shard(shard_of_lane(lane), std::move(task));
}

void Shard::send_batch(ShardId to) {
  Batch& batch = batch_to(to);
  if (batch.empty()) return;
  in_flight_bytes_[to.value] += batch.enqueues.empty() ? 0 : batch.bytes.size();
  link_.post(to, [from = options_.id, batch = std::exchange(batch, Batch{})](Shard& there) mutable {
    there.receive(from, batch);
  });
}

void Shard::receive(ShardId from, Batch& batch) {
  if (batch.atomic) {
    for (Lane* own : own_lanes_) own->atomic_begin();
  }
  for (const Batch::Enqueue& item : batch.enqueues) {
    const auto record = message::decode_record(batch.bytes.view().subspan(item.record_at));
    NARU_CHECK(record.has_value(), "a shard sends whole records");
    lane(item.lane).enqueue({batch.queues.data() + item.queues_at, item.queue_count}, *record,
                            item.publisher, now_);
  }
  if (!batch.enqueues.empty()) staged_bytes_[from.value] += batch.bytes.size();
  for (const Batch::Lease& lease : batch.leases) {
    end_leases(lease.queue, lease.first, lease.last, lease.end);
  }
  if (batch.atomic) {
    for (Lane* own : own_lanes_) own->atomic_end();
  }
  on_published(batch.published);
  receive_runs(batch);
  in_flight_bytes_[from.value] -= batch.taken_bytes;
}

void Shard::receive_runs(Batch& batch) {
  for (const Batch::DeliveryRun& run : batch.runs) {
    delivery_scratch_.clear();
    for (std::uint32_t i = 0; i < run.count; ++i) {
      const Batch::Delivered& item = batch.delivered[run.delivered_at + i];
      const auto record = message::decode_record(batch.bytes.view().subspan(item.record_at));
      NARU_CHECK(record.has_value(), "a shard sends whole records");
      delivery_scratch_.push_back({item.seq, item.redelivered, *record, nullptr});
    }
    on_deliveries(run.connection, {run.consumer, run.queue, delivery_scratch_, run.credit_bytes});
  }
}

void Shard::enqueue(GroupId lane_id, std::span<const QueueId> queues,
                    const message::RecordView& record, const PublishRange& publisher) {
  if (owns(lane_id)) return lane(lane_id).enqueue(queues, record, publisher, now_);
  Batch& batch = batch_to(shard_of_lane(lane_id));
  batch.enqueues.push_back({lane_id, static_cast<std::uint32_t>(batch.queues.size()),
                            static_cast<std::uint32_t>(queues.size()), batch.bytes.size(),
                            publisher});
  batch.queues.insert(batch.queues.end(), queues.begin(), queues.end());
  message::encode(batch.bytes, record);
}

void Shard::end_leases(QueueRef queue, Seq first, Seq last, Batch::LeaseEnd end) {
  if (!owns(queue.lane)) {
    batch_to(shard_of_lane(queue.lane)).leases.push_back({queue, first, last, end});
    return;
  }
  Lane& owner = lane(queue.lane);
  if (end == Batch::LeaseEnd::settle) {
    totals_.acknowledged += last.value - first.value + 1;
    owner.settle(queue.id, first, last);
  } else {
    owner.give_back(queue.id, first, last, end == Batch::LeaseEnd::requeue, now_);
  }
}

void Shard::atomic_begin() {
  for (Lane* lane : own_lanes_) lane->atomic_begin();
  for (std::uint16_t to = 0; to < options_.shard_count; ++to) {
    send_batch(ShardId(to));
    batch_to(ShardId(to)).atomic = true;
  }
}

void Shard::atomic_end() {
  for (Lane* lane : own_lanes_) lane->atomic_end();
  for (std::uint16_t to = 0; to < options_.shard_count; ++to) {
    send_batch(ShardId(to));
    batch_to(ShardId(to)).atomic = false;
  }
}

void Shard::on_published(std::span<const PublishRange> done) {
  for (const PublishRange& range : done) {
    const ShardId home = naru::core::shard_of(range.connection);
    if (home != options_.id) {
      batch_to(home).published.push_back(range);
    } else if (Client* client = find_client(range.connection)) {
      client->on_published(range.channel, range.first, range.last);
    }
  }
}

void Shard::on_deliveries(ConnectionId connection, const Deliveries& deliveries) {
  const ShardId home = naru::core::shard_of(connection);
  if (home == options_.id) {
    if (Client* client = find_client(connection)) return client->on_deliveries(deliveries);
    for (const Delivery& delivery : deliveries.batch) {
      end_leases(deliveries.queue, delivery.seq, delivery.seq, Batch::LeaseEnd::requeue);
    }
    return;
  }
  Batch& batch = batch_to(home);
  batch.runs.push_back({connection, deliveries.consumer, deliveries.queue,
                        static_cast<std::uint32_t>(batch.delivered.size()),
                        static_cast<std::uint32_t>(deliveries.batch.size()),
                        deliveries.credit_bytes});
  for (const Delivery& delivery : deliveries.batch) {
    batch.delivered.push_back({delivery.seq, delivery.redelivered, batch.bytes.size()});
    message::encode(batch.bytes, delivery.record);
  }
}

}  // namespace naru::core
