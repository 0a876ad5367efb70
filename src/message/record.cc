#include "message/record.h"

#include <cstddef>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace naru::message {

namespace {

constexpr std::uint8_t kPersistent = 1;

// The fixed part, as it lies in memory and in files (docs/formats/record.md).
struct Head {
  std::uint8_t encoding;
  std::uint8_t flags;
  std::uint8_t priority;
  std::uint8_t exchange_bytes;
  std::uint8_t key_bytes;
  std::uint8_t zero[3];
  std::uint32_t header_bytes;
  std::uint32_t body_bytes;
  std::int64_t expires_at_ms;
};
static_assert(sizeof(Head) == kRecordHeadBytes);

/// What is beyond was written by a newer Naru.
constexpr auto kLastEncoding = std::to_underlying(EncodingId::amqp091);

bool is_understood(const Head& head) {
  const int reserved = (head.flags & ~kPersistent) | head.zero[0] | head.zero[1] | head.zero[2];
  return reserved == 0 && head.encoding <= kLastEncoding;
}

std::uint8_t* put(std::uint8_t* out, const void* bytes, std::size_t count) {
  if (count != 0) std::memcpy(out, bytes, count);
  return out + count;
}

}  // namespace

void encode_to(std::uint8_t* out, const RecordView& record) {
  NARU_CHECK(record.exchange.size() <= 255 && record.routing_key.size() <= 255,
             "names were bounded at ingress");
  Head head{};
  head.encoding = static_cast<std::uint8_t>(record.encoding);
  head.flags = record.persistent ? kPersistent : 0;
  head.priority = record.priority;
  head.exchange_bytes = static_cast<std::uint8_t>(record.exchange.size());
  head.key_bytes = static_cast<std::uint8_t>(record.routing_key.size());
  head.header_bytes = static_cast<std::uint32_t>(record.header.size());
  head.body_bytes = static_cast<std::uint32_t>(record.body.size());
  head.expires_at_ms = record.expires_at_ms;
  out = put(out, &head, sizeof head);
  out = put(out, record.exchange.data(), record.exchange.size());
  out = put(out, record.routing_key.data(), record.routing_key.size());
  out = put(out, record.header.data(), record.header.size());
  put(out, record.body.data(), record.body.size());
}

void encode(ByteBuffer& out, const RecordView& record) {
  const std::size_t bytes = encoded_bytes(record);
  encode_to(out.prepare(bytes), record);
  out.commit(bytes);
}

RunEncoder::RunEncoder(const RecordView& record, ByteBuffer& front) : front_(front) {
  RecordView bodiless = record;
  bodiless.body = {};
  front.clear();
  encode(front, bodiless);
}

void RunEncoder::encode_to(std::uint8_t* out, ByteView body) const {
  std::memcpy(out, front_.data(), front_.size());
  const auto body_bytes = static_cast<std::uint32_t>(body.size());
  std::memcpy(out + offsetof(Head, body_bytes), &body_bytes, sizeof body_bytes);
  put(out + front_.size(), body.data(), body.size());
}

bool read_record(ByteView bytes, RecordView& record) {
  Head head;
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::size_t parts = std::size_t{head.exchange_bytes} + head.key_bytes +
                            std::size_t{head.header_bytes} + head.body_bytes;
  if (!is_understood(head) || bytes.size() - sizeof head < parts) return false;

  record.encoding = static_cast<EncodingId>(head.encoding);
  record.persistent = (head.flags & kPersistent) != 0;
  record.priority = head.priority;
  record.expires_at_ms = head.expires_at_ms;
  const std::uint8_t* at = bytes.data() + sizeof head;
  record.exchange = as_text({at, head.exchange_bytes});
  at += head.exchange_bytes;
  record.routing_key = as_text({at, head.key_bytes});
  at += head.key_bytes;
  record.header = {at, head.header_bytes};
  record.body = {at + head.header_bytes, head.body_bytes};
  return true;
}

Result<RecordView> decode_record(ByteView bytes) {
  Head head;
  if (bytes.size() < sizeof head) return fail(Errc::need_more);
  std::memcpy(&head, bytes.data(), sizeof head);
  if (!is_understood(head)) return fail(Errc::version, "an unknown encoding or flag of a record");
  RecordView record;
  if (!read_record(bytes, record)) return fail(Errc::need_more);
  return record;
}

}  // namespace naru::message
