#pragma once
/// What a lane is about to append, and who is told when it is committed.

#include <cstdint>
#include <span>
#include <vector>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "core/journal.h"
#include "core/queue/flat_queue.h"
#include "core/queue/lane_sink.h"
#include "core/queue/shared_facts.h"

namespace naru::core {

class SharedBodies;

/// Collects the facts of a turn into one entry. When they outgrow what the journal takes, the entry
/// is appended early, between two facts; inside an atomic run such an entry is marked as continued
/// by the next one, and applied with it.
class EntryStage {
 public:
  /// `shared`: where records for several lanes are; null when none are.
  EntryStage(GroupId group, Journal& journal, SharedBodies* shared)
      : group_(group), journal_(journal), shared_(shared) {}

  GroupId group() const { return group_; }
  /// Where to put one fact of at most `fact_bytes`.
  ByteBuffer& room(std::size_t fact_bytes) {
    if (staged_.empty()) begin_entry();
    if (staged_.size() + fact_bytes > bytes_max_) make_room(fact_bytes);
    return staged_;
  }
  /// Stages a reference to a record of the shared bodies; there is room() for it.
  void put_shared(const SharedRecord& record, std::span<const EnqueueTarget> targets);
  /// The bodies that are referred to were appended, if they could be: appends what refers to them.
  void leave_behind(const Result<void>& bodies);
  /// Where to put one fact that is to be an entry of its own, ahead of what is staged; then
  /// append_alone(). Facts that mean nothing until a later one says so: no turn collects much of
  /// them.
  ByteBuffer& alone();
  void append_alone();
  /// What is staged in this turn is to be stable as soon as it can be.
  void set_urgent() { urgency_ = Urgency::now; }
  void atomic_begin();
  void atomic_end();
  bool in_atomic() const { return atomic_from_ != kNotAtomic; }

  /// `range` is told when everything staged so far is committed.
  void add_publish(const PublishRange& range);
  /// `range` hit nothing that is logged: told at the end of the turn.
  void add_memory_publish(const PublishRange& range);
  void add_barrier(TicketId ticket);

  /// What it keeps to stage into.
  std::size_t kept_bytes() const { return staged_.capacity(); }
  /// Whether it keeps as much between turns as a busy one needs, or little.
  void keep_spare(bool keeps);

  /// Nothing to append and nobody to tell.
  bool idle() const;
  /// End of turn: appends, and tells those who wait for nothing. Errors: the journal's.
  Result<void> append(LaneSink& sink);
  /// The turn whose last entry has this index was not urgent, and is written: tells the publishes
  /// of it.
  void written(Index index, LaneSink& sink);
  /// Everything up to `index` is committed and applied: tells those who waited.
  void committed(Index index, LaneSink& sink);

 private:
  /// Publishes and barriers that wait for one index: so many from the front of the two queues.
  struct InFlight {
    Index index;
    std::size_t publishes = 0;
    std::size_t barriers = 0;
    bool told = false;  // its publishes, when they were written
  };
  static constexpr std::size_t kNotAtomic = SIZE_MAX;
  // What a busy turn stages, and a quiet one.
  static constexpr std::size_t kMuch = std::size_t{512} << 10;
  static constexpr std::size_t kLittle = 4096;

  void begin_entry();
  void make_room(std::size_t fact_bytes);
  void append_front();
  void append_bytes(std::size_t count);
  void append_entry(ByteView entry, std::span<const std::uint32_t> references);
  void trim();
  void tell(std::size_t publishes, std::size_t barriers, LaneSink& sink);
  void tell_publishes(std::size_t begin, std::size_t count, LaneSink& sink);

  const GroupId group_;
  Journal& journal_;
  SharedBodies* const shared_;
  ByteBuffer staged_;
  bool keeps_spare_ = true;
  SharedEnqueueWriter shared_writer_;
  std::vector<std::uint32_t> references_;  // offsets in staged_ of the locations of shared bodies
  std::size_t bytes_max_ = 0;
  std::size_t atomic_from_ = kNotAtomic;  // offset in staged_ of the atomic run's first fact
  bool atomic_continued_ = false;         // entries of the run were appended
  ByteBuffer alone_;
  Urgency urgency_ = Urgency::later;  // of this turn's entries
  Index appended_;
  Index committed_;
  Result<void> outcome_;  // of the appends of this turn

  FlatQueue<InFlight> in_flight_;
  FlatQueue<PublishRange> publishes_;
  FlatQueue<TicketId> barriers_;
  std::size_t new_publishes_ = 0;  // at the back of publishes_: not yet in flight
  std::size_t new_barriers_ = 0;
  std::vector<PublishRange> memory_publishes_;
  std::vector<PublishRange> telling_;  // reused
  std::vector<TicketId> telling_barriers_;
};

}  // namespace naru::core
