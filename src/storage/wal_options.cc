#include "storage/wal_options.h"

#include <fmt/core.h>

#include "storage/frame.h"

namespace naru::storage {

namespace {

std::unexpected<Error> refuse(std::string_view option, std::uint64_t least) {
  return fail(Errc::limit, fmt::format("{} must be at least {} and a multiple of {}", option, least,
                                       kWalBlockBytes));
}

bool fits(std::uint64_t value, std::uint64_t least) {
  return value >= least && value % kWalBlockBytes == 0;
}

}  // namespace

Result<void> validate(const WalOptions& options) {
  const std::uint64_t largest_frame =
      whole_blocks(kFrameHeadBytes + kEntryHeadBytes + std::uint64_t{options.entry_bytes_max});
  if (!fits(options.frame_bytes_max, kWalBlockBytes)) {
    return refuse("wal_frame_bytes_max", kWalBlockBytes);
  }
  if (!fits(options.block_bytes, options.frame_bytes_max)) {
    return refuse("wal_block_bytes", options.frame_bytes_max);
  }
  // Any entry and any frame must go into a file.
  const std::uint64_t least = std::max<std::uint64_t>(largest_frame, options.frame_bytes_max);
  if (!fits(options.file_bytes, least)) return refuse("wal_file_bytes", least);
  if (!fits(options.first_file_bytes, options.frame_bytes_max)) {
    return refuse("wal_first_file_bytes", options.frame_bytes_max);
  }
  if (!fits(options.read_bytes_max, kWalBlockBytes)) {
    return refuse("wal_read_bytes_max", kWalBlockBytes);
  }
  if (options.open_files_max == 0) return fail(Errc::limit, "wal_open_files_max is at least 1");
  if (options.ready_files == 0 || options.writes_in_flight == 0 || options.reads_in_flight == 0) {
    return fail(Errc::limit,
                "wal_ready_files, wal_writes_in_flight and wal_reads_in_flight are at least 1");
  }
  return {};
}

}  // namespace naru::storage
