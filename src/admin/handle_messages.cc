// Messages, one by one and by hand: for looking into a queue, not for traffic.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "admin/base64.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/text_pieces.h"
#include "base/utf8.h"

namespace naru::admin {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::int64_t kGetCountMax = 1000;

/// Answers itself when this build has no protocol whose messages it could read.
const MessageFormat* format_of(Call& call) {
  const MessageFormat* format = call.api().message_format();
  if (format == nullptr) {
    call.reply_error(501, "not_implemented", "the broker is built without a protocol");
  }
  return format;
}

// ---- Publish -----------------------------------------------------------------------------------

Result<std::string> payload_of(const json::object& body) {
  NARU_TRY(payload, text_member(body, "payload"));
  NARU_TRY(encoding, text_member(body, "payload_encoding"));
  if (!payload) return fail(Errc::malformed, "payload is missing");
  if (!encoding || *encoding == "string") return std::move(*payload);
  if (*encoding != "base64") {
    return fail(Errc::malformed, "payload_encoding must be string or base64");
  }
  auto bytes = decode_base64(*payload);
  if (!bytes) return fail(Errc::malformed, "the payload is not base64");
  return std::move(*bytes);
}

/// What a session refuses too.
Result<void> check_properties(const message::Table& properties, const security::Principal& who) {
  const message::Value* user = message::find(properties, "user_id");
  if (user != nullptr && user->text() != nullptr && *user->text() != who.user) {
    return fail(Errc::malformed,
                fmt::format("user_id is '{}', but the user is '{}'", *user->text(), who.user));
  }
  const message::Value* reply_to = message::find(properties, "reply_to");
  if (reply_to != nullptr && reply_to->text() != nullptr &&
      *reply_to->text() == "amq.rabbitmq.reply-to") {
    return fail(Errc::malformed, "a direct reply needs a connection that waits for it");
  }
  return {};
}

// ---- Get ---------------------------------------------------------------------------------------

/// RabbitMQ's ackmode: what becomes of what was got.
enum class AckMode : std::uint8_t { settle, requeue, reject };

Result<AckMode> ack_mode_of(const json::object& body) {
  NARU_TRY(mode, text_member(body, "ackmode"));
  if (mode == "ack_requeue_false") return AckMode::settle;
  if (mode == "ack_requeue_true" || mode == "reject_requeue_true") return AckMode::requeue;
  if (mode == "reject_requeue_false") return AckMode::reject;
  return fail(Errc::malformed,
              "ackmode must be ack_requeue_true, ack_requeue_false, reject_requeue_true or "
              "reject_requeue_false");
}

// Of a body, written at once; a multiple of 3, so that pieces in base64 join.
constexpr std::size_t kSliceBytes = 48u << 10;

void append_base64(TextPieces& out, std::string_view body) {
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), kSliceBytes))) {
    out.append(encode_base64(body.substr(0, kSliceBytes)));
  }
}

/// `body` is UTF-8.
void append_json_text(TextPieces& out, std::string_view body) {
  while (!body.empty()) {
    std::size_t end = std::min(body.size(), kSliceBytes);
    while (end < body.size() && (body[end] & '\xc0') == '\x80') --end;  // not within a character
    const std::string quoted = serialize_text(body.substr(0, end));
    out.append(std::string_view(quoted).substr(1, quoted.size() - 2));
    body.remove_prefix(end);
  }
}

/// How long it is in JSON at most: a control character has six there, as "\u0001".
std::uint64_t json_text_bytes_max(std::string_view body) {
  std::uint64_t bytes = body.size();
  for (const char c : body) {
    if (c == '"' || c == '\\') bytes += 1;
    if (static_cast<unsigned char>(c) < ' ') bytes += 5;
  }
  return bytes;
}

/// Got one after the other; what is to go back goes when all are there, or the first would be got
/// again and again.
class Getting : public std::enable_shared_from_this<Getting> {
 public:
  struct Wanted {
    AckMode mode = AckMode::settle;
    std::int64_t count = 0;
    bool base64 = false;  // whatever the body is
    std::optional<std::int64_t> truncate_bytes;
  };
  Getting(CallRef call, const MessageFormat& format, Wanted wanted)
      : call_(std::move(call)),
        format_(format),
        wanted_(wanted),
        bytes_max_(call_->api().limits().messages_bytes_max) {}

  void next() {
    if (count_ == wanted_.count) return finish();
    if (out_.bytes() >= bytes_max_) return finish_full();
    call_->agent().ask(core::Get{call_->parameter("queue"), wanted_.mode == AckMode::settle},
                       [self = shared_from_this()](Result<core::Reply::Value> answer) {
                         if (!answer) return self->finish(answer.error());
                         self->on_got(std::get<core::Got>(*answer));
                       });
  }

 private:
  /// A message whose body is read piece by piece.
  struct Large {
    core::Got got;  // its views point into `record`
    ByteBuffer record;
    std::size_t next_part = 0;
    std::string body;
  };

  void on_got(const core::Got& got) {
    if (!got.delivery) return finish();
    if (got.stored != nullptr) return on_large(got);
    hold(got);
    add(*got.delivery, got.ready_after, got.delivery->record.body.size());
  }

  void hold(const core::Got& got) {
    const core::Seq seq = got.delivery->seq;
    if (wanted_.mode != AckMode::settle) {
      held_.emplace_back(core::Return{got.queue, seq, seq, wanted_.mode == AckMode::requeue});
    } else if (got.stored != nullptr) {
      held_.emplace_back(core::Settle{got.queue, seq, seq});
    }
  }

  void add(const core::Delivery& delivery, std::uint32_t ready_after, std::uint64_t body_bytes) {
    out_.append(count_++ == 0 ? "[" : ",");
    write(delivery, ready_after, body_bytes);
    call_->account(out_.bytes());
    next();
  }

  /// What of the body is shown.
  std::uint64_t shown_bytes(std::uint64_t body_bytes) const {
    return wanted_.truncate_bytes
               ? std::min(body_bytes, static_cast<std::uint64_t>(*wanted_.truncate_bytes))
               : body_bytes;
  }

  void on_large(const core::Got& got) {
    const std::uint64_t shown = shown_bytes(got.stored->bytes);
    if (shown > bytes_max_) {
      const core::Seq seq = got.delivery->seq;
      held_.emplace_back(core::Return{got.queue, seq, seq, true});
      if (count_ != 0) return finish_full();
      return finish(Error{Errc::limit,
                          fmt::format("the message has {} bytes, and an answer holds {}: ask for "
                                      "its beginning with truncate",
                                      got.stored->bytes, bytes_max_)});
    }
    large_ = std::make_unique<Large>();
    large_->got = got;
    message::encode(large_->record, got.delivery->record);
    large_->got.delivery->record = *message::decode_record(large_->record.view());
    read_large();
  }

  void read_large() {
    const core::StoredBody& body = *large_->got.stored;
    if (large_->next_part == body.parts.size() || large_->body.size() >= shown_bytes(body.bytes)) {
      const auto large = std::move(large_);
      hold(large->got);
      core::Delivery delivery = *large->got.delivery;
      delivery.record.body = as_bytes(large->body);
      return add(delivery, large->got.ready_after, body.bytes);
    }
    call_->agent().ask(core::ReadBody{large_->got.stored, large_->next_part, large_->got.queue,
                                      large_->got.delivery->seq},
                       [self = shared_from_this()](Result<core::Reply::Value> answer) {
                         self->on_parts(std::move(answer));
                       });
  }

  void on_parts(Result<core::Reply::Value> answer) {
    if (!answer) {
      held_.emplace_back(core::Park{large_->got.queue, large_->got.delivery->seq});
      return finish(answer.error());
    }
    for (const Slice& part : std::get<core::BodyParts>(*answer).parts) {
      large_->body += as_text(part.view);
      ++large_->next_part;
    }
    read_large();
  }

  /// A body may be as long as all the rest of the answer: it goes from where it is into the text.
  void write(const core::Delivery& delivery, std::uint32_t ready_after, std::uint64_t body_bytes) {
    const message::RecordView& record = delivery.record;
    std::string_view body = as_text(record.body);
    body = body.substr(0, static_cast<std::size_t>(shown_bytes(body.size())));
    const auto properties = format_.read(record.encoding, record.header);
    const bool base64 = wanted_.base64 || !is_utf8(body) || json_text_bytes_max(body) > bytes_max_;
    std::string text =
        serialize(json::object{{"payload_bytes", body_bytes},
                               {"redelivered", delivery.redelivered},
                               {"exchange", json_text(record.exchange)},
                               {"routing_key", json_text(record.routing_key)},
                               {"message_count", ready_after},
                               {"properties", properties ? to_json(*properties) : json::object()}});
    text.pop_back();
    out_.append(text);
    out_.append(R"(,"payload":")");
    base64 ? append_base64(out_, body) : append_json_text(out_, body);
    out_.append(base64 ? R"(","payload_encoding":"base64"})" : R"(","payload_encoding":"string"})");
  }

  void finish(std::optional<Error> error = std::nullopt) {
    call_->agent().end_leases(held_);
    if (error) return call_->reply_error(*error);
    out_.append(count_ == 0 ? "[]" : "]");
    call_->reply_got(std::make_unique<TextPieces>(std::move(out_)), std::move(headers_),
                     bytes_max_);
  }

  /// There may be more, for which this answer has no room.
  void finish_full() {
    headers_.emplace_back(
        "X-Reason",
        fmt::format("an answer is full at {} bytes: ask again for what is left", bytes_max_));
    finish();
  }

  CallRef call_;
  const MessageFormat& format_;
  const Wanted wanted_;
  const std::uint64_t bytes_max_;
  TextPieces out_;
  io::HttpHeaders headers_;
  std::int64_t count_ = 0;
  std::unique_ptr<Large> large_;
  std::vector<core::Command> held_;  // what becomes of the leases
};

Result<Getting::Wanted> wanted_of(const json::object& body) {
  Getting::Wanted wanted;
  NARU_TRY(mode, ack_mode_of(body));
  NARU_TRY(count, integer_member(body, "count"));
  NARU_TRY(encoding, text_member(body, "encoding"));
  NARU_TRY(truncate, integer_member(body, "truncate"));
  if (!count || *count < 0) return fail(Errc::malformed, "count must be 0 or more");
  if (encoding && *encoding != "auto" && *encoding != "base64") {
    return fail(Errc::malformed, "encoding must be auto or base64");
  }
  if (truncate && *truncate < 0) return fail(Errc::malformed, "truncate must be 0 or more");
  wanted.mode = mode;
  wanted.count = std::min(*count, kGetCountMax);
  wanted.base64 = encoding == "base64";
  wanted.truncate_bytes = truncate;
  return wanted;
}

/// As over AMQP: the delivery mode, and a header that asks for less. Nothing when that names no
/// level.
std::optional<message::Durability> durability_of(const message::Table& properties,
                                                 bool persistent) {
  const auto by_mode = persistent ? message::Durability::fsync : message::Durability::memory;
  const message::Value* headers = message::find(properties, "headers");
  const auto* table = headers != nullptr ? std::get_if<message::Table>(&headers->v) : nullptr;
  const message::Value* named =
      table != nullptr ? message::find(*table, message::kDurabilityArgument) : nullptr;
  if (named == nullptr) return by_mode;
  if (named->text() == nullptr) return std::nullopt;
  const auto level = message::parse_durability(*named->text());
  return level ? std::optional(std::min(by_mode, *level)) : std::nullopt;
}

}  // namespace

void publish_message(const CallRef& call) {
  const MessageFormat* format = format_of(*call);
  if (format == nullptr) return;
  const std::string exchange = exchange_name(call->parameter("exchange"));
  if (call->api().catalog().find_exchange(call->tenant(), exchange) == nullptr) {
    return call->reply_not_found("there is no exchange of this name");
  }
  NARU_TRY_OR_REPLY(key, *call, text_member(call->body(), "routing_key"));
  NARU_TRY_OR_REPLY(properties, *call, table_member(call->body(), "properties"));
  NARU_TRY_OR_REPLY(payload, *call, payload_of(call->body()));
  if (!key || key->size() > kNameBytesMax) {
    return call->reply_error(400, "bad_request", "routing_key is missing, or above 255 bytes");
  }
  if (auto fine = check_properties(properties, call->principal()); !fine) {
    return call->reply_error(fine.error());
  }
  NARU_TRY_OR_REPLY(header, *call, format->write(properties));
  const auto durability = durability_of(properties, header.persistent);
  if (!durability) {
    return call->reply_error(400, "bad_request",
                             "header x-durability must be fsync, interval or memory");
  }
  core::Publish publish;
  publish.expiration_ms = header.expiration_ms;
  publish.codec = header.codec;
  publish.record = {.encoding = header.codec->id(),
                    .persistent = header.persistent,
                    .durability = *durability,
                    .priority = header.priority,
                    .exchange = exchange,
                    .routing_key = *key,
                    .header = header.bytes.view(),
                    .body = as_bytes(payload)};
  call->agent().publish(std::move(publish), [call](Result<bool> routed) {
    if (!routed) return call->reply_error(routed.error());
    call->reply(json::object{{"routed", *routed}});
  });
}

void get_messages(const CallRef& call) {
  const MessageFormat* format = format_of(*call);
  if (format == nullptr) return;
  if (call->api().catalog().find_queue(call->tenant(), call->parameter("queue")) == nullptr) {
    return call->reply_not_found("there is no queue of this name");
  }
  NARU_TRY_OR_REPLY(wanted, *call, wanted_of(call->body()));
  call->wait_in(call->api().gets(), 1, [call, format, wanted] {
    std::make_shared<Getting>(call, *format, wanted)->next();
  });
}

}  // namespace naru::admin
