#pragma once
/// The elementary types of method fields, and how a list of fields is read and written.
///
/// A method is a struct with a static function `fields(self, field)` that calls field(name, member)
/// for every member in wire order. What a member's type means on the wire:
///   std::uint8_t/16/32/64  octet, short, long, long-long
///   std::string_view       short string: u8 length, UTF-8
///   LongString             u32 length, octets
///   RawTable               u32 length, entries (table.h reads them)
///   bool                   one bit; neighbours share an octet, the first in the lowest bit

#include <cstdint>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/check.h"
#include "base/utf8.h"

namespace naru::amqp091 {

struct LongString {
  std::string_view text;
};
/// A field table's entries as they stand on the wire.
struct RawTable {
  ByteView entries;
};

class FieldReader {
 public:
  /// Without `utf8_names`, short strings are taken as they are.
  FieldReader(ByteView bytes, bool utf8_names) : in_(bytes), utf8_names_(utf8_names) {}

  void operator()(const char*, std::uint8_t& value) { value = next().u8(); }
  void operator()(const char*, std::uint16_t& value) { value = next().u16(); }
  void operator()(const char*, std::uint32_t& value) { value = next().u32(); }
  void operator()(const char*, std::uint64_t& value) { value = next().u64(); }
  void operator()(const char*, std::string_view& value) {
    const std::size_t bytes = next().u8();
    value = in_.text(bytes);
    if (utf8_names_ && !is_utf8(value)) bad_text_ = true;
  }
  void operator()(const char*, LongString& value) {
    const std::size_t bytes = next().u32();
    value.text = in_.text(bytes);
  }
  void operator()(const char*, RawTable& value) {
    const std::size_t bytes = next().u32();
    value.entries = in_.bytes(bytes);
  }
  void operator()(const char*, bool& value) {
    if (bit_ == 0) bits_ = in_.u8();
    value = (bits_ >> bit_ & 1) != 0;
    ++bit_;
  }

  /// Whether the fields were there, and nothing else.
  bool complete() const { return in_.ok() && in_.done(); }
  bool bad_text() const { return bad_text_; }

 private:
  ByteReader& next() {
    bit_ = 0;
    return in_;
  }

  ByteReader in_;
  const bool utf8_names_;
  unsigned bit_ = 0;  // within bits_; 0: the next bit begins an octet
  std::uint8_t bits_ = 0;
  bool bad_text_ = false;
};

class FieldWriter {
 public:
  explicit FieldWriter(ByteBuffer& out) : out_(out) {}

  void operator()(const char*, const std::uint8_t& value) { next().u8(value); }
  void operator()(const char*, const std::uint16_t& value) { next().u16(value); }
  void operator()(const char*, const std::uint32_t& value) { next().u32(value); }
  void operator()(const char*, const std::uint64_t& value) { next().u64(value); }
  void operator()(const char*, const std::string_view& value) {
    NARU_CHECK(value.size() <= 255, "short strings are bounded by their writers");
    next().u8(static_cast<std::uint8_t>(value.size()));
    out_.append(value);
  }
  void operator()(const char*, const LongString& value) {
    next().u32(static_cast<std::uint32_t>(value.text.size()));
    out_.append(value.text);
  }
  void operator()(const char*, const RawTable& value) {
    next().u32(static_cast<std::uint32_t>(value.entries.size()));
    out_.append(value.entries);
  }
  void operator()(const char*, const bool& value) {
    if (bit_ == 0) bits_ = 0;
    if (value) bits_ = static_cast<std::uint8_t>(bits_ | 1u << bit_);
    if (bit_ == 0) {
      out_.u8(bits_);
    } else {
      out_.data()[out_.size() - 1] = bits_;
    }
    ++bit_;
  }

 private:
  ByteBuffer& next() {
    bit_ = 0;
    return out_;
  }

  ByteBuffer& out_;
  unsigned bit_ = 0;
  std::uint8_t bits_ = 0;
};

}  // namespace naru::amqp091
