#pragma once
/// The numbers of a write-ahead log. Defaults are starting points that a measurement may change.

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "storage/manifest.h"

namespace naru::storage {

/// Whether the log can get another file.
enum class LogSpace : std::uint8_t {
  enough,
  last_files,  // no: it commits from those that are ready, and publishers are to wait
  none,        // and these are full: nothing commits before there is room for another
};

/// What is missing for another file of the log.
enum class LogLack : std::uint8_t {
  room,         // on the volume
  descriptors,  // of the process
  listing,      // the manifest lists as many files as a start can read
};

struct WalOptions {
  std::string directory = "data/wal";  // made when missing; its parent exists

  std::uint32_t file_bytes = 64U << 20;
  /// A start without a file at hand makes this one, so that it is fast. Never reused.
  std::uint32_t first_file_bytes = 4U << 20;
  /// Files kept zeroed ahead of need: also the reserve from which settles commit on a full disk.
  std::uint32_t ready_files = 2;
  /// They are filled with zeros in pieces of this size, one in this time at least; more when the
  /// log is filled faster.
  std::uint32_t zero_bytes_max = 256U << 10;
  Duration zero_interval = std::chrono::milliseconds(16);
  /// Without a write for so long the disk is taken to be theirs alone.
  Duration rests_after = std::chrono::milliseconds(50);
  /// Files kept for reuse beyond those; more are deleted.
  std::uint32_t free_files_max = 4;

  /// With more listed no further file is made: a start would not read the manifest. Below
  /// kManifestBytesMax, as a start may list another file.
  std::uint64_t manifest_bytes_max = kManifestBytesMax - (64U << 10);

  /// The largest payload: what a group decides in a turn; of more it makes several.
  std::uint32_t entry_bytes_max = 17U << 20;
  /// A frame is sealed at this size; one larger entry makes one larger frame.
  std::uint32_t frame_bytes_max = 256U << 10;
  /// Frames are built one behind the other in blocks of this size.
  std::uint32_t block_bytes = 512U << 10;
  std::uint32_t writes_in_flight = 4;  // of full frames; another only when none is under way
  /// While there is no room for another file a frame that is not full follows the one before it
  /// after so long: each takes a block, and what settles messages is to free more than it takes.
  Duration gather_interval = std::chrono::milliseconds(500);
  /// A sync of what may be stable later begins after this time at most, or so many bytes.
  Duration sync_interval = std::chrono::milliseconds(10);
  std::size_t unstable_bytes_max = 8U << 20;

  /// Blocks kept after their write, from which fresh bodies are served.
  std::uint64_t cache_bytes = 32U << 20;
  std::uint32_t reads_in_flight = 4;
  std::uint32_t read_bytes_max = 1U << 20;       // joined reads stay below, single bodies may not
  std::uint32_t read_gap_bytes_max = 64U << 10;  // bodies closer than this are read together

  /// Tables of segments kept in memory; one is kept however large it is.
  std::uint64_t table_cache_bytes = 16U << 20;
  /// Files open for reading, beside those that the log writes to.
  std::uint32_t open_files_max = 24;

  bool direct = true;                              // O_DIRECT where the file system has it
  Duration retry_after = std::chrono::seconds(1);  // of making a file on a full disk
};

/// Errors: limit, naming the option that does not fit the others.
Result<void> validate(const WalOptions& options);

}  // namespace naru::storage
