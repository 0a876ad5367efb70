#pragma once
/// A hash over everything that happened: two runs of a seed must end with the same one.

#include <cstdint>
#include <string_view>

#include "base/crc32c.h"

namespace naru::sim {

class Trace {
 public:
  void note(std::uint64_t what) {
    hash_ = (hash_ ^ what) * 0x9e3779b97f4a7c15ULL;
    hash_ ^= hash_ >> 29;
    ++count_;
  }
  void note(std::string_view bytes) { note(crc32c(as_bytes(bytes)) + bytes.size()); }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t hash_ = 0x6a09e667f3bcc909ULL;
  std::uint64_t count_ = 0;
};

}  // namespace naru::sim
