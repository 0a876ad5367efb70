#pragma once
/// A data directory as a broker would find it after its start, with nothing on disk changed.

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cluster/journal_local.h"
#include "core/shard.h"
#include "io/file.h"

namespace naru::app {

/// Runs the broker's own recovery, with one shard, over a storage::OverlayFiles.
class RecoveredVolume {
 public:
  /// `files` and `log` outlive the result. Errors: those of a broker's start: corrupt, version, io,
  /// limit.
  static Result<std::unique_ptr<RecoveredVolume>> open(io::FileSystem& files,
                                                       const std::string& data_dir, Logger& log);
  ~RecoveredVolume();

  core::Shard& shard();
  const cluster::JournalLocal& journal() const;

 private:
  struct Parts;
  explicit RecoveredVolume(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace naru::app
