#pragma once
/// What a start has found of the metadata's group behind its latest whole snapshot.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "core/journal.h"
#include "storage/frame.h"

namespace naru::cluster {

/// All of these entries are applied before the first one of a lane. They are copied on the first
/// way through the log while they are few, as most logs have few; if they become more than a start
/// may hold, none is kept, and the log is walked for them once more.
class MetadataTail {
 public:
  struct Entry {
    storage::EntryHead head;
    Slice payload;
    core::BodyLocation location;
  };

  /// Of entries and their payloads.
  explicit MetadataTail(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// The next entry of the log.
  void add(const storage::EntryHead& head, ByteView payload, core::BodyLocation location);
  /// A snapshot has what is up to this index: none of it is needed.
  void drop_covered(std::uint64_t index);

  /// entries() has all that was added behind the last drop_covered(), in order.
  bool whole() const { return left_out_ <= covered_; }
  const std::vector<Entry>& entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_max_;
  std::vector<Entry> entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t covered_ = 0;
  std::uint64_t left_out_ = 0;  // the last index that is not in entries_, or 0
};

}  // namespace naru::cluster
