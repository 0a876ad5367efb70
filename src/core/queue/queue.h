#pragma once
/// One queue of a lane: its records, its consumers, and what it owes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/queue/consumer_ring.h"
#include "core/queue/flat_queue.h"
#include "core/queue/lane.h"
#include "core/queue/lane_facts.h"
#include "core/queue/queue_index.h"
#include "core/queue/read_ahead.h"
#include "core/queue/ready_order.h"

namespace naru::core {

/// How far a queue's records may leave. `through` is an upper bound of what was handed out, so that
/// after a crash nothing that somebody may have seen looks new.
struct DeliveredWatermark {
  static constexpr Seq kNotWaiting{UINT64_MAX};

  Seq staged;     // on its way, perhaps not yet committed
  Seq durable;    // committed
  Seq written;    // of a queue of level interval: told as written
  Seq recovered;  // records up to here may have left in an earlier run: flagged
  /// How far it is written ahead: doubled each time a dispatch had to wait for it, back to the
  /// start when the consumers have caught up. A slow disk would otherwise set the pace of a drain.
  std::uint64_t stride = 0;
  Seq waited_at = kNotWaiting;  // reach() when a dispatch began to wait for more

  /// Records up to here may leave.
  Seq reach() const { return std::max(durable, written); }
};

/// How a queue's index goes to the log and comes back.
struct QueuePages {
  Seq spill_from{1};        // chunks before it were looked at
  std::uint32_t ahead = 0;  // pages read at once: doubled each time a dispatch had to wait for one
  bool waited = false;      // a dispatch did
  bool in_flight = false;   // a read is under way
  bool loaded = false;      // since consumers were last gone
  bool listed = false;      // among the lane's long queues
};

/// The state of one queue. Records are in `index` from the moment they are visible: a contiguous
/// prefix of the seqs. Behind it are those on their way to the disk, and records of memory that
/// wait for them (`waiting`).
struct Queue {
  struct WaitingRecord {
    Seq seq;
    BodyLocation key;
    std::uint32_t record_bytes = 0;
    std::uint8_t flags = 0;
    bool purged = false;
    WallMs expires_at_ms = 0;
  };
  struct PendingGet {
    TicketId ticket;
    Seq before;  // "empty" is true only when all records below are visible
    bool no_ack = false;
  };

  Queue(QueueId id_, const QueueSettings& settings_, IndexChunkPool& pool)
      : id(id_), settings(settings_), index(pool) {}

  void leave_ready(const IndexEntry& entry) {
    --stats.ready;
    stats.ready_bytes -= entry.record_bytes;
  }
  void enter_ready(const IndexEntry& entry) {
    ++stats.ready;
    stats.ready_bytes += entry.record_bytes;
  }
  void leave_leased(const IndexEntry& entry) {
    --stats.unacknowledged;
    stats.unacknowledged_bytes -= entry.record_bytes;
  }
  void enter_leased(const IndexEntry& entry) {
    ++stats.unacknowledged;
    stats.unacknowledged_bytes += entry.record_bytes;
  }
  /// Takes an entry that is about to end out of the counters.
  void leave(const IndexEntry& entry) {
    if (entry.state == RecordState::ready) leave_ready(entry);
    if (entry.state == RecordState::leased) leave_leased(entry);
    if (entry.state == RecordState::damaged) --stats.damaged;
    if (entry.state != RecordState::settling && entry.has(IndexEntry::kPersistent))
      --stats.persistent;
  }
  /// Takes a part of a page that is about to end out of the counters.
  void leave(const IndexPage& page, const IndexPage::Part& part) {
    if (page.state == IndexPage::State::settling) return;
    stats.persistent -= part.records;
    if (page.state == IndexPage::State::damaged) {
      stats.damaged -= part.records;
    } else {
      stats.ready -= part.records;
      stats.ready_bytes -= part.held_bytes;
    }
  }
  /// Records that are not visible yet, and will be.
  std::uint64_t pending() const {
    const Seq first = std::max(visible_next, purged_through.next());
    return first < next_seq ? next_seq.value - first.value : 0;
  }
  /// `seq`, which was handed out, is ready again. What the cursor has not passed may leave memory.
  void put_back(Seq seq) {
    order.put_back(index, seq);
    if (seq >= order.cursor()) look_again_from(seq);
  }
  /// Chunks from there on may leave memory now. Whether that is news.
  bool look_again_from(Seq seq) {
    return seq < std::exchange(pages.spill_from, std::min(pages.spill_from, seq));
  }
  bool wants_deliveries() const { return consumers.count() != 0 || !gets.empty(); }

  const QueueId id;
  const QueueSettings settings;
  Seq last_logged;  // staged; 0: nothing of it was ever logged
  Seq last_logged_applied;

  QueueIndex index;
  ReadyOrder order;
  Seq next_seq{1};      // the next record gets this
  Seq visible_next{1};  // every record below is in the index, or gone
  Seq purged_through;   // records up to here that become visible are purged ones
  FlatQueue<WaitingRecord> waiting;
  DeliveredWatermark delivered;
  ReadAhead read_ahead;
  QueuePages pages;

  ConsumerRing consumers;
  FlatQueue<PendingGet> gets;

  std::vector<SeqRange> settles;  // of this turn, not yet staged
  std::vector<SeqRange> returns;

  Seq first_chance{1};       // records from here on became visible after the last dispatch
  TimePoint armed = kNever;  // the timer that is set
  TimePoint used = kNever;   // when last; kNever: not since it was created here
  bool closed = false;       // deleted; stays until its QueueClosed is committed
  bool unused_told = false;
  bool wants_dispatch = false;  // is in the list of those
  bool wants_facts = false;

  QueueStats stats;  // ready: what is visible; pending and consumers are filled in for readers
};

/// The level of a record in a queue: the weaker of what its publisher and the queue ask for.
inline message::Durability level_of(const message::RecordView& record,
                                    const QueueSettings& settings) {
  if (!record.persistent || !settings.durable) return message::Durability::memory;
  return std::min(record.durability, settings.durability);
}

/// The level of what a transaction puts into a queue, transient records included: were some of them
/// there at once, a crash before the commit would leave a consumer with a part of it.
inline message::Durability level_of_transaction(const QueueSettings& settings) {
  return settings.durable ? settings.durability : message::Durability::memory;
}

// 10,000 idle queues are 5 MiB.
static_assert(sizeof(Queue) <= 512);

}  // namespace naru::core
