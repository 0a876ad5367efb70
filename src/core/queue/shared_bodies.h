#pragma once
/// A record for queues of several lanes is stored once.

#include <cstdint>
#include <span>
#include <vector>

#include "base/byte_buffer.h"
#include "base/clock.h"
#include "core/journal.h"
#include "core/queue/enqueue_target.h"
#include "core/queue/lane_sink.h"
#include "message/record.h"

namespace naru::core {

class EntryStage;
class Lane;

/// What a record goes to in one lane.
struct LaneQueues {
  Lane* lane = nullptr;
  std::span<const QueueId> queues;
};

/// The records of a turn that several lanes of a shard refer to, collected into one entry of the
/// log. Owned by the shard, outlives its lanes. When the entry leaves, those of all lanes that
/// refer to it leave behind it: so the next entry of each of them is the one that does, and bodies
/// that a file keeps without being referred to are those whose referrers were lost with the end of
/// the log.
class SharedBodies {
 public:
  struct Options {
    /// From so many bytes on a record is shared. Alone in its turn and for two lanes it takes some
    /// 107 bytes beside itself (heads of the bodies' entry and fact 48, targets 7, two references
    /// of 26), two copies take 40 and the record again: that is less below 67 bytes. The rest is
    /// for the work.
    std::size_t record_bytes_min = 128;
    std::size_t lanes_min = 2;  // tests share with one
  };
  SharedBodies(Journal& journal, Options options) : journal_(journal), options_(options) {}

  /// Stages a run of records for queues of several lanes, as Lane::enqueue does in each of them:
  /// each is stored once when at least two of them log it. Not within an atomic run, which has its
  /// copies, and not when its body is so large that it is a chain of fragments: each lane has its
  /// own.
  void enqueue(std::span<const LaneQueues> lanes, const message::RecordRun& run,
               const PublishRange& publisher, const Now& now);

  // For EntryStage.
  /// What is staged at `stage` refers to what is staged here.
  void add_referrer(EntryStage& stage);
  /// Appends what is staged, and the entries that refer to it.
  void leave();

 private:
  void enqueue_one(std::span<const LaneQueues> lanes, const message::RecordView& record,
                   const PublishRange& publisher, const Now& now);
  SharedRecord put(const message::RecordView& record);

  Journal& journal_;
  const Options options_;
  ByteBuffer staged_;
  std::uint64_t number_ = 1;  // of what is staged
  GroupSet groups_;
  std::vector<EntryStage*> referrers_;
  std::vector<EntryStage*> leaving_;    // reused, as are the next
  std::vector<EnqueueTarget> targets_;  // of one record, in all lanes
};

}  // namespace naru::core
