#pragma once
/// Looks through one file of a log after its bytes alone, and goes on behind damage. Blocking: for
/// offline tools.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"
#include "storage/frame.h"
#include "storage/manifest.h"

namespace naru::storage {

/// A place in a file that is not as it was written.
struct Damage {
  std::string path;
  std::uint64_t offset = 0;
  Error error;  // corrupt or io; version: whole, but only a newer program can read it
};

/// What inspect_file() found.
struct FileInspection {
  std::uint64_t frames = 0;
  std::uint64_t entries = 0;
  std::uint64_t frame_bytes = 0;  // with the zeros behind them
  /// Where the last readable frame ends. In a file of the last run a torn tail may follow.
  std::uint64_t end = 0;
  std::vector<Damage> damage;
};

/// A verified frame: its head, where it begins, and all of its bytes, valid during the call.
using InspectFrame =
    std::function<void(const FrameHead& head, std::uint64_t offset, ByteView frame)>;

/// Calls `visit` for each frame of this use of the file that is whole, in order. In a sealed file
/// or a segment every byte belongs to such a frame or is reported as damage; in any other the walk
/// ends at the first frame that is not whole, which recovery judges. What cannot be read is damage.
/// Each entry that is not whole is reported; `harmed`, if anybody wants them, gets the frames of
/// those all of whose entries are to be found. Errors: none of its own.
Result<FileInspection> inspect_file(io::File& file, const std::string& path, std::uint64_t volume,
                                    const ManifestFile& record, const InspectFrame& visit,
                                    const InspectFrame& harmed = {});
/// The same for a segment of copied bodies; its table is checked against its pieces too.
Result<FileInspection> inspect_segment(io::File& file, const std::string& path,
                                       std::uint64_t volume, const ManifestSegment& record,
                                       const InspectFrame& visit, const InspectFrame& harmed = {});

}  // namespace naru::storage
