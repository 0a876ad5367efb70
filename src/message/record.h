#pragma once
/// One message as it is stored and handed on: Naru's small envelope around the bytes that arrived.

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "message/codec.h"
#include "message/durability.h"

namespace naru::message {

/// A view of one message. All views point into memory that the surrounding call keeps alive.
///
/// Encoded form (docs/formats/record.md), little-endian, 24 bytes then the parts:
///   u8 encoding · u8 flags (bit 0 persistent) · u8 priority · u8 exchange_bytes · u8 key_bytes ·
///   u8[3] zero · u32 header_bytes · u32 body_bytes · i64 expires_at_ms (0: never) · exchange · key
///   · header · body
struct RecordView {
  EncodingId encoding = EncodingId::none;
  bool persistent = false;
  /// What its publisher asked for; not stored. Of a message that is not persistent: memory.
  Durability durability = Durability::fsync;
  std::uint8_t priority = 0;
  WallMs expires_at_ms =
      0;  // 0: never. The message's own expiration; a queue's TTL is the queue's affair
  std::string_view exchange;     // ≤ 255 bytes
  std::string_view routing_key;  // ≤ 255 bytes
  ByteView header;               // as it arrived
  ByteView body;                 // as it arrived, joined
};

/// A message, and others behind it that differ from it in their bodies alone. Views, as those of
/// the message are.
struct RecordRun {
  RecordRun(const RecordView& record) : first(record) {}
  RecordRun(const RecordView& record, std::span<const ByteView> bodies)
      : first(record), more(bodies) {}

  const RecordView& first;
  std::span<const ByteView> more;

  std::size_t size() const { return 1 + more.size(); }
  ByteView body(std::size_t at) const { return at == 0 ? first.body : more[at - 1]; }
};

inline constexpr std::size_t kRecordHeadBytes = 24;

/// Bytes that encode() will append.
inline std::size_t encoded_bytes(const RecordView& record) {
  return kRecordHeadBytes + record.exchange.size() + record.routing_key.size() +
         record.header.size() + record.body.size();
}
void encode(ByteBuffer& out, const RecordView& record);
/// Writes encoded_bytes(record) bytes to `out`.
void encode_to(std::uint8_t* out, const RecordView& record);

/// Encodes the records of a run: what they share is put together once.
class RunEncoder {
 public:
  /// `front` is the caller's, reused from run to run, and holds what the records share.
  RunEncoder(const RecordView& record, ByteBuffer& front);

  std::size_t bytes(ByteView body) const { return front_.size() + body.size(); }
  /// Writes bytes(body) bytes to `out`: the run's record with this body.
  void encode_to(std::uint8_t* out, ByteView body) const;

 private:
  const ByteBuffer& front_;
};

/// How long the body is of the encoded record that begins at `head` (kRecordHeadBytes at least).
inline std::uint32_t encoded_body_bytes(ByteView head) {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, head.data() + 12, sizeof bytes);
  return bytes;
}

/// As decode_record, without the reason and its cost: false when `bytes` is not one whole record.
bool read_record(ByteView bytes, RecordView& record);

/// Reads one record from the front of `bytes`. Errors: need_more, version. The result points into
/// `bytes`.
Result<RecordView> decode_record(ByteView bytes);

}  // namespace naru::message
