#include "message/record.h"

#include "base/byte_reader.h"
#include "base/check.h"

namespace naru::message {

void encode(ByteBuffer& out, const RecordView& record) {
  NARU_CHECK(record.exchange.size() <= 255 && record.routing_key.size() <= 255,
             "names were bounded at ingress");
  out.reserve(out.size() + encoded_bytes(record));
  out.u8(static_cast<std::uint8_t>(record.encoding));
  out.u8(record.persistent ? 1 : 0);
  out.u8(record.priority);
  out.u8(static_cast<std::uint8_t>(record.exchange.size()));
  out.u8(static_cast<std::uint8_t>(record.routing_key.size()));
  out.u8(0);
  out.u16(0);
  out.le32(static_cast<std::uint32_t>(record.header.size()));
  out.le32(static_cast<std::uint32_t>(record.body.size()));
  out.le64(static_cast<std::uint64_t>(record.expires_at_ms));
  out.append(record.exchange);
  out.append(record.routing_key);
  out.append(record.header);
  out.append(record.body);
}

Result<RecordView> decode_record(ByteView bytes) {
  if (bytes.size() < kRecordHeadBytes) return fail(Errc::need_more);
  ByteReader in(bytes);
  RecordView record;
  record.encoding = static_cast<EncodingId>(in.u8());
  const std::uint8_t flags = in.u8();
  record.persistent = (flags & 1) != 0;
  record.priority = in.u8();
  const std::size_t exchange_bytes = in.u8();
  const std::size_t key_bytes = in.u8();
  const bool reserved_zero = in.u8() == 0 && in.u16() == 0;
  const std::size_t header_bytes = in.le32();
  const std::size_t body_bytes = in.le32();
  record.expires_at_ms = static_cast<WallMs>(in.le64());
  if (!reserved_zero || (flags & ~1U) != 0) return fail(Errc::corrupt, "unknown record flags");
  if (in.remaining() < exchange_bytes + key_bytes + header_bytes + body_bytes)
    return fail(Errc::need_more);
  record.exchange = in.text(exchange_bytes);
  record.routing_key = in.text(key_bytes);
  record.header = in.bytes(header_bytes);
  record.body = in.bytes(body_bytes);
  return record;
}

}  // namespace naru::message
