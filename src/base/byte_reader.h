#pragma once
/// Reads numbers and runs of bytes from the front of a view, with bounds.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace naru {

/// A cursor over bytes in memory. A read past the end sets failed() and returns zero or an empty
/// view, and every later read fails too: a parser reads a whole structure and asks ok() once. Never
/// reads outside the view.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool done() const { return at_ == end_; }
  ByteView rest() const { return {at_, remaining()}; }

  /// Big-endian ("network order") numbers, as AMQP, MQTT and Kafka write them.
  std::uint8_t u8() { return big<std::uint8_t>(); }
  std::uint16_t u16() { return big<std::uint16_t>(); }
  std::uint32_t u32() { return big<std::uint32_t>(); }
  std::uint64_t u64() { return big<std::uint64_t>(); }

  /// Little-endian numbers, as Naru's own files write them.
  std::uint16_t le16() { return little<std::uint16_t>(); }
  std::uint32_t le32() { return little<std::uint32_t>(); }
  std::uint64_t le64() { return little<std::uint64_t>(); }

  /// LEB128, at most 10 bytes; anything longer fails.
  std::uint64_t varint() {
    if (ok_ && at_ != end_ && *at_ < 0x80) return *at_++;  // most are one byte
    std::uint64_t value = 0;
    const std::uint8_t* at = at_;
    for (unsigned shift = 0; shift < 64 && ok_ && at != end_; shift += 7) {
      const std::uint8_t byte = *at++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      at_ = at;
      return value;
    }
    ok_ = false;
    return 0;
  }

  /// The next `count` bytes, as a view of the input.
  ByteView bytes(std::size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return {};
    }
    ByteView view(at_, count);
    at_ += count;
    return view;
  }
  std::string_view text(std::size_t count) { return as_text(bytes(count)); }

  /// Marks the input as bad; for callers that find a value out of its range.
  void set_failed() { ok_ = false; }

 private:
  template <typename T>
  T raw() {
    T value{};
    if (!ok_ || remaining() < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  template <typename T>
  T big() {
    return std::byteswap(raw<T>());
  }
  template <typename T>
  T little() {
    return raw<T>();
  }
  static_assert(std::endian::native == std::endian::little, "big-endian hosts are not supported");

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool ok_ = true;
};

}  // namespace naru
