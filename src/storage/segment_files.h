#pragma once
/// The files of copied bodies that a volume has, and which one holds what was written to a file of
/// the log that is no more.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "storage/manifest.h"
#include "storage/stored_file.h"

namespace naru::storage {

/// Names what holds bodies outside of the log: a promoted file by its sequence, or a segment of
/// copied bodies by its number.
struct SegmentId {
  bool copied = false;
  std::uint32_t number = 0;

  auto operator<=>(const SegmentId&) const = default;
};

struct SegmentFile {
  ManifestSegment record;
  StoredFile file;
  bool complete = false;  // in the manifest that is written next, unless it is retiring
  bool listed = false;    // the durable manifest has it
  bool retiring = false;
};

/// Says so when a file has more bytes than the manifest tells: what is behind is nobody's, is not
/// read, and stays.
void tell_surplus(Logger& log, const std::string& path, std::uint64_t size, std::uint64_t listed);

/// Owned by the log's shard. Bodies are found in a segment once the durable manifest lists it.
class SegmentFiles {
 public:
  SegmentFiles(OpenFiles& open_files, std::string directory)
      : open_files_(open_files), directory_(std::move(directory)) {}

  /// Blocking: takes over what the manifest lists, and checks that each is there, whole in size,
  /// and begins with its own first frame. Errors: io, corrupt, version.
  Result<void> load(const Manifest& manifest, Logger& log);

  /// One that will be written.
  SegmentFile& add(std::uint32_t number);
  void erase(SegmentFile& segment);
  /// From now on its sources are found in it.
  void set_listed(SegmentFile& segment);
  /// Its sources are not found in it any more, unless another one has them already.
  void set_leaving(SegmentFile& segment);

  SegmentFile* find(std::uint32_t number);
  /// The listed one that has the bodies of `source`, or nothing.
  SegmentFile* holding(std::uint32_t source) const;
  /// For the manifest.
  std::vector<ManifestSegment> records() const;
  /// Sources of all that are listed.
  std::size_t source_count() const { return by_source_.size(); }
  const std::vector<std::unique_ptr<SegmentFile>>& all() const { return segments_; }

 private:
  Result<void> check(SegmentFile& segment, std::uint64_t volume, Logger& log);

  OpenFiles& open_files_;
  const std::string directory_;
  std::vector<std::unique_ptr<SegmentFile>> segments_;
  std::unordered_map<std::uint32_t, SegmentFile*> by_source_;
};

}  // namespace naru::storage
