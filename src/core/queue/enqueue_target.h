#pragma once
/// Where a record goes in a lane, and where the record is that lanes share.

#include <cstdint>

#include "core/ids.h"
#include "message/record.h"

namespace naru::core {

/// One queue that a record goes to. Of an enqueue fact:
///   queue · seq · flags (bit 0: expires_at_ms follows, bit 1: at_once) · [expires_at_ms]
struct EnqueueTarget {
  QueueId queue;
  Seq seq;
  WallMs expires_at_ms = 0;  // 0: never; the smaller of the record's own and the queue's
  bool at_once = false;      // had no time to live: delivered at once or never
};

/// Where a record is among bodies that were not appended yet.
struct SharedRecord {
  std::uint64_t bodies = 0;  // which ones: counts those of this run
  std::uint32_t offset = 0;  // of the record in their payload
  std::uint32_t bytes = 0;
  bool persistent = false;
};

}  // namespace naru::core
