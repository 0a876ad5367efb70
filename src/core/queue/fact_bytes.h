#pragma once
/// How facts are put together: for lane_facts.cc and shared_facts.cc.

#include <cstdint>
#include <span>

#include "base/byte_buffer.h"
#include "core/queue/lane_facts.h"

namespace naru::core {

inline constexpr std::size_t kVarintBytesMax = 10;

/// Writes a fact's head and, when it goes out of scope, the length of what was put behind it.
class FactScope {
 public:
  FactScope(ByteBuffer& out, FactType type) : out_(out), at_(out.size()) {
    out_.prepare(kFactHeadBytes)[0] = static_cast<std::uint8_t>(type);
    out_.commit(kFactHeadBytes);
  }
  ~FactScope() {
    out_.patch_le32(at_ + 1, static_cast<std::uint32_t>(out_.size() - at_ - kFactHeadBytes));
  }
  FactScope(const FactScope&) = delete;
  FactScope& operator=(const FactScope&) = delete;

 private:
  ByteBuffer& out_;
  std::size_t at_;
};

/// A record with its size and its checksum in front. Returns the record's offset in `out`.
std::size_t put_body(ByteBuffer& out, const message::RecordView& record);
/// count · target…
void put_targets(ByteBuffer& out, std::span<const EnqueueTarget> targets);

}  // namespace naru::core
