#pragma once
// How the inputs of wal_recovery stand for a directory: shared by the target and by the tool that
// makes its seeds.
//
//   u8 repair · u16 manifest bytes · manifest · again and again { u8 number · u32 bytes · content }
//
// Content is followed by zeros up to the size that the manifest gives the file; a file that is not
// given is all zeros. repair bit 0: the
// manifest's checksum is made to fit; bit 1: the checksums of frames and entries are.

#include <cstdint>

#include "cluster/journal_local.h"

namespace naru::fuzz {

inline constexpr std::uint8_t kRepairManifest = 1;
inline constexpr std::uint8_t kRepairFrames = 2;
inline constexpr std::uint32_t kImageFileBytesMax = 256 * 1024;
inline constexpr std::uint32_t kImageGroups = 3;

inline cluster::JournalOptions image_options() {
  cluster::JournalOptions options;
  options.wal.directory = "wal";
  options.wal.file_bytes = 32 * 1024;
  options.wal.first_file_bytes = 16 * 1024;
  options.wal.entry_bytes_max = 8 * 1024;
  options.wal.frame_bytes_max = 8 * 1024;
  options.wal.block_bytes = 16 * 1024;
  options.wal.cache_bytes = 32 * 1024;
  options.wal.read_bytes_max = 16 * 1024;
  options.snapshot_slice_bytes = 512;
  options.log_bytes_max = 2 * 32 * 1024;
  return options;
}

}  // namespace naru::fuzz
