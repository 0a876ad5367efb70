#pragma once
/// Whether two short runs of bytes are the same, without a call.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace naru::amqp091 {

/// As std::ranges::equal. For a few dozen bytes, of which a call of memcmp would cost more than the
/// comparison: words, the last of which overlaps the one before it.
inline bool same_bytes(ByteView a, ByteView b) {
  const auto same = [&](std::size_t at, auto word) {
    auto other = word;
    std::memcpy(&word, a.data() + at, sizeof word);
    std::memcpy(&other, b.data() + at, sizeof other);
    return word == other;
  };
  const std::size_t count = a.size();
  if (count != b.size()) return false;
  if (count >= sizeof(std::uint64_t)) {
    const std::size_t last = count - sizeof(std::uint64_t);
    for (std::size_t at = 0; at < last; at += sizeof(std::uint64_t)) {
      if (!same(at, std::uint64_t{})) return false;
    }
    return same(last, std::uint64_t{});
  }
  if (count >= sizeof(std::uint32_t)) {
    return same(0, std::uint32_t{}) && same(count - sizeof(std::uint32_t), std::uint32_t{});
  }
  for (std::size_t at = 0; at < count; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace naru::amqp091
