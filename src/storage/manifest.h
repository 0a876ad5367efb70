#pragma once
/// The list of a volume's log files and segments. Drawn in docs/formats/manifest.md. Replaced
/// atomically; small.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace naru::storage {

inline constexpr std::uint16_t kManifestVersion = 2;
inline constexpr std::size_t kManifestBytesMax = 16 * 1024 * 1024;
/// Positions in a segment are 32 bits wide.
inline constexpr std::uint64_t kSegmentBytesMax = 0xffff'f000;

/// What the manifest knows of a file. The log itself knows more: a file that is `ready` here may be
/// in use, and one that is `open` may be full.
enum class FileState : std::uint8_t {
  free = 1,    // no use now; its content means nothing
  ready = 2,   // has its sequence number; the log may have rolled into it, or not
  open = 3,    // begins with first_frame; where it ends the frames themselves tell
  sealed = 4,  // holds first_frame..last_frame and ends at `end`: everything in it was durable
  // As sealed, but not of the log any more: no start replays it. Live bodies are read from it where
  // they were written.
  segment = 5,
};

struct ManifestFile {
  std::uint32_t number = 0;    // names the file: "wal-" and eight digits
  std::uint32_t sequence = 0;  // this use of it; BodyLocation::file. 0 when free
  std::uint32_t bytes = 0;     // its size
  FileState state = FileState::free;
  std::uint64_t incarnation = 0;  // the run that wrote it (open, sealed)
  std::uint64_t first_frame = 0;
  std::uint64_t last_frame = 0;  // sealed; first_frame - 1 when it holds none
  std::uint32_t end = 0;         // sealed: bytes from the start

  bool operator==(const ManifestFile&) const = default;
};

/// A file of bodies that were copied out of files that left the log. They keep their locations: its
/// table says where in it they are.
struct ManifestSegment {
  std::uint32_t number = 0;            // names the file: "seg-" and eight digits
  std::uint32_t rows = 0;              // of the table
  std::uint64_t bytes = 0;             // its size
  std::uint64_t table = 0;             // where the table's frame begins; frames of bodies before it
  std::vector<std::uint32_t> sources;  // BodyLocation::file of what is in it; ascending

  bool operator==(const ManifestSegment&) const = default;
};

struct Manifest {
  std::uint64_t volume = 0;
  std::uint64_t incarnation = 0;  // of the latest start; also the term of every group
  std::uint32_t next_number = 1;
  std::uint32_t next_sequence = 1;
  std::uint64_t durable = 0;        // every frame up to this one was durable; 0: nothing is told
  std::vector<ManifestFile> files;  // by sequence, the free ones first
  std::vector<ManifestSegment> segments;  // no file is a source twice, or beside its original

  bool operator==(const Manifest&) const = default;
};

std::string encode_manifest(const Manifest& manifest);
/// How many bytes that makes of so many files, segments and sources of all segments.
std::uint64_t manifest_bytes(std::uint64_t files, std::uint64_t segments, std::uint64_t sources);
/// Errors: corrupt (with the offset that is wrong), version (another format, with what to do).
Result<Manifest> decode_manifest(ByteView bytes);

/// "wal-00000007".
std::string wal_file_name(std::uint32_t number);
/// "seg-00000007".
std::string segment_file_name(std::uint32_t number);

}  // namespace naru::storage
