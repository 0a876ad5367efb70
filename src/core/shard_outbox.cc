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
  batch.emptied = std::exchange(emptied_[to.value], {});
  auto sent = std::exchange(batches_[to.value], spare_batches_.take());
  link_.post(to, [from = options_.id, batch = std::move(sent)](Shard& there) mutable {
    there.receive(from, std::move(batch));
  });
}

void Shard::receive(ShardId from, std::unique_ptr<Batch> batch) {
  const bool keeps = memory_step_ == MemoryStep::normal;
  if (keeps) spare_batches_.join(std::move(batch->emptied));
  take_apart(from, *batch);
  if (keeps) emptied_[from.value].give(std::move(batch));
}

void Shard::take_apart(ShardId from, Batch& batch) {
  if (batch.atomic) {
    for (Lane* own : own_lanes_) own->atomic_begin();
  }
  receive_enqueues(batch);
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

// What is for several lanes here comes with one run.
void Shard::receive_enqueues(const Batch& batch) {
  for (std::size_t i = 0; i < batch.enqueues.size();) {
    const Batch::Enqueue& item = batch.enqueues[i];
    own_targets_.clear();
    for (; i < batch.enqueues.size() && batch.enqueues[i].record_at == item.record_at; ++i) {
      const Batch::Enqueue& it = batch.enqueues[i];
      own_targets_.push_back(
          {&lane(it.lane), {batch.queues.data() + it.queues_at, it.queue_count}});
    }
    receive_enqueue(batch, item);
  }
}

// The run of an item, to own_targets_.
void Shard::receive_enqueue(const Batch& batch, const Batch::Enqueue& item) {
  ByteView bytes = batch.bytes.view().subspan(item.record_at);
  auto first = message::decode_record(bytes);
  NARU_CHECK(first.has_value(), "a shard sends whole records");
  first->durability = item.durability;  // is not in its stored form
  body_scratch_.clear();
  std::size_t record_bytes = message::encoded_bytes(*first);
  for (std::size_t i = 1; i < item.record_count; ++i) {
    bytes = bytes.subspan(record_bytes);
    const auto next = message::decode_record(bytes);
    NARU_CHECK(next.has_value(), "a shard sends whole records");
    body_scratch_.push_back(next->body);
    record_bytes = message::encoded_bytes(*next);
  }
  shared_bodies_.enqueue(own_targets_, {*first, body_scratch_}, item.publisher, now_);
}

void Shard::receive_runs(Batch& batch) {
  for (const Batch::DeliveryRun& run : batch.runs) {
    delivery_scratch_.clear();
    for (std::uint32_t i = 0; i < run.count; ++i) {
      const Batch::Delivered& item = batch.delivered[run.delivered_at + i];
      const auto record = message::decode_record(batch.bytes.view().subspan(item.record_at));
      NARU_CHECK(record.has_value(), "a shard sends whole records");
      delivery_scratch_.push_back({item.seq, item.redelivered, *record, nullptr,
                                   item.stored != 0 ? &batch.stored[item.stored - 1] : nullptr});
    }
    on_deliveries(run.connection, {run.consumer, run.queue, delivery_scratch_, run.credit_bytes},
                  run.leases);
  }
}

static void encode_run(ByteBuffer& out, const message::RecordRun& run) {
  message::RecordView record = run.first;
  for (std::size_t i = 0; i < run.size(); ++i) {
    record.body = run.body(i);
    message::encode(out, record);
  }
}

void Shard::enqueue(std::span<const Route::LaneTargets> lanes, const message::RecordRun& run,
                    const PublishRange& publisher) {
  own_targets_.clear();
  std::uint64_t others = 0;  // shards that own some of the lanes
  for (const Route::LaneTargets& to : lanes) {
    const ShardId shard = shard_of_lane(to.lane);
    if (shard == options_.id) {
      own_targets_.push_back({&lane(to.lane), to.queues});
      continue;
    }
    // The first item of the run for a shard brings the records; those behind it refer to them.
    Batch& batch = batch_to(shard);
    const bool first = (others >> shard.value & 1) == 0;
    others |= std::uint64_t{1} << shard.value;
    batch.enqueues.push_back({to.lane, static_cast<std::uint32_t>(batch.queues.size()),
                              static_cast<std::uint32_t>(to.queues.size()),
                              first ? batch.bytes.size() : batch.enqueues.back().record_at,
                              run.size(), publisher, run.first.durability});
    batch.queues.insert(batch.queues.end(), to.queues.begin(), to.queues.end());
    if (first) encode_run(batch.bytes, run);
  }
  if (!own_targets_.empty()) shared_bodies_.enqueue(own_targets_, run, publisher, now_);
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
  } else if (end == Batch::LeaseEnd::park) {
    owner.park(queue.id, first);
  } else {
    owner.give_back(queue.id, first, last, end == Batch::LeaseEnd::requeue);
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

bool Shard::takes_now(ConnectionId connection) {
  const Client* client = find_client(connection);  // null for those of other shards
  return client != nullptr && client->is_at_rest();
}

void Shard::on_deliveries(ConnectionId connection, const Deliveries& deliveries,
                          std::uint32_t leases) {
  const ShardId home = naru::core::shard_of(connection);
  if (home == options_.id) {
    if (Client* client = find_client(connection)) return client->on_deliveries(deliveries, leases);
    for (const Delivery& delivery : deliveries.batch) {
      end_leases(deliveries.queue, delivery.seq, delivery.seq, Batch::LeaseEnd::requeue);
    }
    return;
  }
  Batch& batch = batch_to(home);
  batch.runs.push_back({connection, deliveries.consumer, deliveries.queue,
                        static_cast<std::uint32_t>(batch.delivered.size()),
                        static_cast<std::uint32_t>(deliveries.batch.size()), leases,
                        deliveries.credit_bytes});
  for (const Delivery& delivery : deliveries.batch) {
    if (delivery.stored != nullptr) batch.stored.push_back(*delivery.stored);
    batch.delivered.push_back(
        {delivery.seq, delivery.redelivered, batch.bytes.size(),
         delivery.stored != nullptr ? static_cast<std::uint32_t>(batch.stored.size()) : 0});
    message::encode(batch.bytes, delivery.record);
  }
}

}  // namespace naru::core
