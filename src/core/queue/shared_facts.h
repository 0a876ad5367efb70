#pragma once
/// The facts of records that are stored once for several lanes. Format: docs/formats/lane.md,
/// "Shared records".
///
/// The record is in an entry of its own, the bodies, as a fact of type shared_record. Each lane's
/// entry refers to it in a fact of type shared_enqueue, which holds the place of the bodies and a
/// few bytes for each record of a run.

#include <cstdint>
#include <span>
#include <vector>

#include "core/queue/lane_facts.h"

namespace naru::core {

// ---- Writing ----

std::size_t shared_record_fact_bytes_max(std::size_t targets, const message::RecordView& record);
/// Returns the offset of the record in `out`.
std::uint32_t put_shared_record(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                                const message::RecordView& record);

/// Writes the shared enqueue facts of one lane's entry: records that follow each other share one.
class SharedEnqueueWriter {
 public:
  /// What put() adds is no larger.
  static std::size_t bytes_max(std::size_t targets);

  /// At the end of `out`. A fact that begins here adds to `references` where it wants the location
  /// of the bodies.
  void put(ByteBuffer& out, std::vector<std::uint32_t>& references, const SharedRecord& record,
           std::span<const EnqueueTarget> targets);
  /// What is behind the last put() is another entry.
  void close() { end_ = 0; }

 private:
  void begin_fact(ByteBuffer& out, std::vector<std::uint32_t>& references, std::uint64_t bodies);
  bool follow_last(std::span<const EnqueueTarget> targets) const;

  std::uint64_t bodies_ = 0;
  std::size_t fact_at_ = 0;
  std::size_t end_ = 0;  // of the open fact in the entry; 0: none is open
  std::uint32_t count_ = 0;
  std::uint32_t record_end_ = 0;
  std::vector<EnqueueTarget> targets_;  // of the last record
};

// ---- Reading: no allocation ----

/// Walks the records of a shared enqueue fact.
class SharedEnqueueReader {
 public:
  struct Item {
    BodyLocation location;
    std::uint32_t bytes = 0;
    bool persistent = false;
    TargetReader targets{ByteReader({})};
  };

  /// `fact` is a shared enqueue.
  explicit SharedEnqueueReader(const Fact& fact);
  /// False at the end, and when the bytes are bad.
  bool next(Item& item);
  bool ok() const { return in_.ok(); }
  /// Not ok() because of something that only a newer Naru writes.
  bool from_newer() const { return from_newer_; }

 private:
  bool read_targets();

  ByteReader in_;
  BodyLocation bodies_;
  std::uint32_t left_ = 0;
  std::uint64_t end_ = 0;      // of the record before, in the bodies
  ByteReader targets_{{}};     // the last ones that were written out
  std::uint64_t further_ = 0;  // how many records ago
  bool has_targets_ = false;
  bool from_newer_ = false;
};

/// Walks the targets of a shared record.
class SharedTargetReader {
 public:
  explicit SharedTargetReader(ByteReader in);
  bool next(QueueId& queue, Seq& seq);
  bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
  std::uint64_t left_ = 0;
  std::uint64_t queue_ = 0;
  std::uint64_t seq_ = 0;
};

/// Whether this program can read such a fact. Errors: version, corrupt.
Result<void> check_shared_enqueue(const Fact& fact);
Result<void> check_shared_targets(const Fact& fact);

}  // namespace naru::core
