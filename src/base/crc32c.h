#pragma once
/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as RFC 3720 B.4 gives it. Guards every
/// frame and entry on disk.

#include <cstdint>

#include "base/bytes.h"

namespace naru {

/// The checksum of `bytes`, continuing from `seed` (the checksum of what came before; 0 to begin).
/// Uses the processor's instructions where it has crc32 and pclmulqdq.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

/// The same by table, for processors without the instructions and to test against.
std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t seed = 0);

}  // namespace naru
