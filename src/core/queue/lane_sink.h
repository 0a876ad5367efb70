#pragma once
/// What a lane tells the shard around it.

#include <cstdint>
#include <span>
#include <variant>

#include "base/result.h"
#include "core/events.h"
#include "core/ids.h"
#include "core/journal.h"

namespace naru::core {

/// A consumer, seen from a lane: whose it is, and its name there.
struct ConsumerKey {
  ConnectionId connection;
  ConsumerHandle handle;

  auto operator<=>(const ConsumerKey&) const = default;
  friend std::size_t hash_value(const ConsumerKey& key) {
    return hash_value(key.connection) ^ (hash_value(key.handle) * 0x9e3779b97f4a7c15ULL);
  }
};

/// Who is told that a publish is done: the connection, its channel, and publishes first…last of it.
struct PublishRange {
  ConnectionId connection;
  ChannelId channel;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Records of one queue that stay there and are not handed out, for what was read from the disk.
struct DamagedRecords {
  enum class Of : std::uint8_t {
    record,    // a record's bytes are not what was stored
    unknown,   // they are, and say what this program does not know
    page,      // a page of the index is not what was stored
    fragment,  // a part of a large body is not
  };

  QueueRef queue;
  Seq first;
  std::uint64_t count = 1;
  Of of = Of::record;
  BodyRead where;  // what was read, for the first of them
};

/// Names an answer that a lane owes; chosen by the shard's glue.
using TicketId = StrongId<struct TicketIdTag, std::uint64_t>;

/// Implemented by the shard; called on the lane's shard. Views are valid during the call. A sink
/// may call back into the lane (settle, give_back, remove_consumer, …), except flush, apply and
/// on_deadline.
class LaneSink {
 public:
  virtual ~LaneSink() = default;
  /// The lane has something to append or to dispatch: call Lane::flush at the end of this turn, or
  /// in the next one when a flush is running now. Told once until that flush begins. Comes from
  /// staging calls, from apply(), on_deadline() and from the completion of a read.
  virtual void on_flush_wanted(GroupId lane) = 0;
  /// Publishes that this lane was given are committed (or visible, where nothing is logged). A
  /// publish is told once per lane.
  virtual void on_published(std::span<const PublishRange> done) = 0;
  /// Whether on_deliveries for `connection` may come now, in the middle of Lane::enqueue: when the
  /// connection is here and not in the middle of something, so that this call of on_deliveries
  /// comes back before anything is asked of a lane.
  virtual bool takes_now(ConnectionId connection) = 0;
  /// Deliveries of one consumer of `connection`, so many of which are leases: acquired by the lane
  /// (ConsumerSettings::connection_leases), and released when they end.
  virtual void on_deliveries(ConnectionId connection, const Deliveries& deliveries,
                             std::uint32_t leases) = 0;
  /// The consumer was removed because its queue is gone.
  virtual void on_consumer_cancelled(ConsumerKey consumer) = 0;
  /// Everything staged in the lane when `ticket` was handed in (Lane::barrier) is committed.
  virtual void on_barrier(TicketId ticket) = 0;
  /// Answers Lane::get: the delivery (a lease, or settled when no_ack) or none.
  virtual void on_got(TicketId ticket, const Got& got) = 0;
  /// An auto-delete queue lost its last consumer, or an expiring queue was unused for its time: the
  /// shard asks metadata to delete it. Told once.
  virtual void on_queue_unused(QueueRef queue) = 0;
  /// Records were parked: somebody should hear of it, with the queue's name.
  virtual void on_damaged(const DamagedRecords& records) = 0;
};

}  // namespace naru::core
