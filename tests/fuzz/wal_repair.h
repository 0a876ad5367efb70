#pragma once
// Makes the checksums of frames and entries fit again, so that what is behind them is fuzzed.

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "storage/frame.h"

namespace naru::fuzz {

inline void put_sum(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t sum) {
  std::memcpy(bytes.data() + at, &sum, sizeof sum);
}

/// Walks from frame to frame as long as lengths make sense, and makes the checksums fit.
inline void repair_frames(std::vector<std::uint8_t>& file) {
  for (std::size_t at = 0; at + storage::kFrameHeadBytes <= file.size();) {
    const ByteView frame = ByteView(file).subspan(at);
    put_sum(file, at + 4,
            crc32c(frame.subspan(8, storage::kFrameHeadBytes - 8), crc32c(frame.first(4))));
    auto head = storage::read_frame_head(ByteView(file).subspan(at));
    if (!head || head->length > file.size() - at) {
      at += storage::kWalBlockBytes;
      continue;
    }
    const std::uint32_t seed = storage::entry_seed(head->identity);
    std::size_t entry = at + storage::kFrameHeadBytes;
    const std::size_t end = at + head->length;
    while (end - entry >= storage::kEntryHeadBytes) {
      std::uint32_t length = 0;
      std::memcpy(&length, file.data() + entry + 4, sizeof length);
      if (length > end - entry - storage::kEntryHeadBytes) break;
      const std::size_t covered = storage::kEntryHeadBytes - 4 + std::size_t{length};
      put_sum(file, entry, crc32c(ByteView(file).subspan(entry + 4, covered), seed));
      entry += storage::kEntryHeadBytes + length;
    }
    at += static_cast<std::size_t>(storage::whole_blocks(head->length));
  }
}

}  // namespace naru::fuzz
