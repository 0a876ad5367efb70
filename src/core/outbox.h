#pragma once
/// What one shard sends to another in a turn: hot traffic collected into one batch, whose bytes
/// travel with it.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/byte_buffer.h"
#include "base/spares.h"
#include "core/ids.h"
#include "core/queue/lane_sink.h"

namespace naru::core {

/// Built by one shard, moved to another, taken apart there, and moved back to be filled again.
/// Records are encoded into `bytes` (message/record.h).
struct Batch {
  /// A run of records for `queue_count` queues of `lane`, listed in Batch::queues from `queues_at`.
  struct Enqueue {
    GroupId lane;
    std::uint32_t queues_at = 0;
    std::uint32_t queue_count = 0;
    std::size_t record_at = 0;  // of the first; the others follow it
    std::size_t record_count = 1;
    PublishRange publisher;
    message::Durability durability = message::Durability::fsync;  // that was asked for
  };
  enum class LeaseEnd : std::uint8_t { settle, requeue, reject, park };
  struct Lease {
    QueueRef queue;
    Seq first;
    Seq last;
    LeaseEnd end = LeaseEnd::settle;
  };
  struct Delivered {
    Seq seq;
    bool redelivered = false;
    std::size_t record_at = 0;
    std::uint32_t stored = 0;  // of a large body: its place in Batch::stored, from 1
  };
  /// `count` elements of Batch::delivered from `delivered_at`, for one consumer.
  struct DeliveryRun {
    ConnectionId connection;
    ConsumerHandle consumer;
    QueueRef queue;
    std::uint32_t delivered_at = 0;
    std::uint32_t count = 0;
    std::uint32_t leases = 0;
    std::int64_t credit_bytes = 0;
  };

  ByteBuffer bytes;
  std::vector<QueueId> queues;
  std::vector<Enqueue> enqueues;
  std::vector<Lease> leases;
  std::vector<PublishRange> published;
  std::vector<Delivered> delivered;
  std::vector<DeliveryRun> runs;
  std::vector<std::shared_ptr<const StoredBody>> stored;
  bool atomic = false;  // holds a transaction: its records and leases are staged as one
  std::size_t taken_bytes =
      0;                  // of earlier batches' records, now staged by the receiver: flow control
  Spares<Batch> emptied;  // of those that the receiver sent

  bool empty() const {
    return enqueues.empty() && leases.empty() && published.empty() && runs.empty() &&
           taken_bytes == 0;
  }
  void clear() {
    bytes.clear();
    queues.clear();
    enqueues.clear();
    leases.clear();
    published.clear();
    delivered.clear();
    runs.clear();
    stored.clear();
    atomic = false;
    taken_bytes = 0;
    emptied = {};
  }
  std::size_t capacity_bytes() const {
    return bytes.capacity() + queues.capacity() * sizeof(QueueId) +
           enqueues.capacity() * sizeof(Enqueue) + leases.capacity() * sizeof(Lease) +
           published.capacity() * sizeof(PublishRange) + delivered.capacity() * sizeof(Delivered) +
           runs.capacity() * sizeof(DeliveryRun) + stored.capacity() * sizeof(stored[0]);
  }
};

}  // namespace naru::core
