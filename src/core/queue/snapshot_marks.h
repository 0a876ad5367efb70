#pragma once
/// Where a snapshot is ahead of the entries that are replayed behind it.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/ids.h"

namespace naru::core {

/// A snapshot that was made over several turns says of each part of a queue, which are its records
/// from some seq on, which entry was the last one in it. Facts of entries up to there are in the
/// part already, whatever they say of its seqs; later parts of a queue are of later states. Owned
/// by a lane, from install() until the entries behind the last part are applied.
class SnapshotMarks {
 public:
  static constexpr Seq kAll{UINT64_MAX};

  /// The records of `queue` from `from` on are those of `as_of`, whatever was said of them before.
  void add(QueueId queue, Seq from, Index as_of) {
    std::vector<Mark>& marks = queues_[queue];
    while (!marks.empty() && marks.back().from >= from) marks.pop_back();
    marks.push_back({from, as_of});
    last_ = std::max(last_, as_of);
  }
  bool empty() const { return queues_.empty(); }
  /// Entries from here on are in no part.
  void forget_before(Index entry) {
    if (entry > last_) queues_.clear();
  }
  /// What the facts of `entry` say of seqs of `queue` from here on is in the snapshot.
  Seq limit(QueueId queue, Index entry) const {
    const auto found = queues_.find(queue);
    if (found == queues_.end()) return kAll;
    for (const Mark& mark : found->second) {
      if (mark.as_of >= entry) return mark.from;
    }
    return kAll;
  }

 private:
  struct Mark {
    Seq from;
    Index as_of;
  };
  boost::unordered_flat_map<QueueId, std::vector<Mark>> queues_;
  Index last_;
};

}  // namespace naru::core
