#include "cli/amqp/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/byte_reader.h"
#include "protocol/amqp091/table.h"

namespace naru::cli {

namespace {

namespace amqp = amqp091;

constexpr std::uint32_t kFrameBytesMin = 4096;  // specification §1.4.2.5
constexpr std::uint32_t kFrameBytesWanted = 131'072;
constexpr std::size_t kReadBytes = 64u << 10;
constexpr Duration kConnectTimeMax = std::chrono::seconds(10);
constexpr Duration kCloseTimeMax = std::chrono::seconds(5);
constexpr std::string_view kWhereToLook =
    "--url, or NARU_AMQP_URL, is where the broker's AMQP port is, amqp://127.0.0.1:5672 unless "
    "it was told otherwise";

ByteBuffer client_properties(const std::string& version) {
  const message::Table capabilities{{"authentication_failure_close", true},
                                    {"basic.nack", true},
                                    {"connection.blocked", true},
                                    {"consumer_cancel_notify", true},
                                    {"publisher_confirms", true}};
  ByteBuffer out;
  amqp::append_table(out, {{"product", std::string("naru command line")},
                           {"version", version},
                           {"capabilities", capabilities}});
  return out;
}

amqp::RawTable raw_table(const ByteBuffer& encoded) {
  return {encoded.view().subspan(4)};  // behind its length
}

Exit exit_of(std::uint16_t reply_code, std::string_view text) {
  switch (static_cast<amqp::ReplyCode>(reply_code)) {
    case amqp::ReplyCode::not_found:
      return Exit::not_found;
    case amqp::ReplyCode::access_refused:
      return Exit::permission;
    case amqp::ReplyCode::resource_locked:
    case amqp::ReplyCode::precondition_failed:
      return Exit::conflict;
    case amqp::ReplyCode::connection_forced:
      return Exit::unreachable;
    case amqp::ReplyCode::not_allowed:
      return text.contains("not found") ? Exit::not_found : Exit::permission;
    default:
      return Exit::failure;
  }
}

}  // namespace

AmqpConnection::AmqpConnection(Environment& environment, std::unique_ptr<io::BlockingStream> stream,
                               std::string server)
    : environment_(environment), stream_(std::move(stream)), server_(std::move(server)) {}

Outcome<std::unique_ptr<AmqpConnection>> AmqpConnection::open(Environment& environment,
                                                              const AmqpUrl& url) {
  const std::string server = url.server.to_string();
  auto stream = environment.connector.connect(url.server, kConnectTimeMax);
  if (!stream) {
    return failed(Exit::unreachable,
                  fmt::format("no broker answers at {} ({}): start one with `naru serve`, or set "
                              "NARU_AMQP_URL",
                              server, stream.error().what));
  }
  std::unique_ptr<AmqpConnection> connection(
      new AmqpConnection(environment, std::move(*stream), server));
  NARU_TRY_VOID(connection->log_in(url));
  return connection;
}

Outcome<void> AmqpConnection::log_in(const AmqpUrl& url) {
  output_.append(amqp::kProtocolHeader091);
  NARU_TRY(start, expect(kAnswerTimeMax));
  NARU_TRY(offered, read<amqp::ConnectionStart>(start));
  greeted_ = true;
  if (!offered.mechanisms.text.contains("PLAIN")) {
    return failed(Exit::failure, "the broker does not take passwords (PLAIN)");
  }
  const ByteBuffer properties = client_properties(environment_.version);
  std::string response;
  response.append(1, '\0').append(url.user).append(1, '\0').append(url.password);
  send_on_0(amqp::ConnectionStartOk{.client_properties = raw_table(properties),
                                    .mechanism = "PLAIN",
                                    .response = {response},
                                    .locale = "en_US"});
  NARU_TRY(answer, expect(kAnswerTimeMax));
  NARU_TRY(tune, read<amqp::ConnectionTune>(answer));
  frame_bytes_max_ =
      tune.frame_max == 0 ? kFrameBytesWanted : std::min(tune.frame_max, kFrameBytesWanted);
  if (frame_bytes_max_ < kFrameBytesMin) {
    return failed(Exit::failure, "the broker's frames are smaller than the specification allows");
  }
  // No heartbeat: a command that waits for its input does not run a loop to answer one.
  send_on_0(amqp::ConnectionTuneOk{
      .channel_max = tune.channel_max, .frame_max = frame_bytes_max_, .heartbeat = 0});
  logged_in_ = true;
  send_on_0(amqp::ConnectionOpen{.virtual_host = url.vhost, .capabilities = {}});
  NARU_TRY(opened, expect(kAnswerTimeMax));
  NARU_TRY_VOID(read<amqp::ConnectionOpenOk>(opened));
  NARU_TRY_VOID(call<amqp::ChannelOpenOk>(amqp::ChannelOpen{}));
  return {};
}

// ---- Sending
// -----------------------------------------------------------------------------------------------------------------

void AmqpConnection::send(const amqp::BasicPublish& publish, ByteView properties,
                          std::string_view body) {
  send<amqp::BasicPublish>(publish);
  const std::size_t header = amqp::begin_frame(output_, amqp::FrameType::header, kChannel);
  output_.u16(amqp::kBasicClass);
  output_.u16(0);
  output_.u64(body.size());
  output_.append(properties);
  amqp::finish_frame(output_, header);
  const std::size_t room = frame_bytes_max_ - amqp::kFrameOverheadBytes;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, room);
    const std::size_t frame = amqp::begin_frame(output_, amqp::FrameType::body, kChannel);
    output_.append(piece);
    amqp::finish_frame(output_, frame);
    body.remove_prefix(piece.size());
  }
}

Outcome<void> AmqpConnection::flush() {
  if (output_.empty()) return {};
  const auto sent = stream_->write_all(output_.view(), kAnswerTimeMax);
  output_.clear();
  if (sent) return {};
  over_ = true;
  // The broker may have said why before it closed.
  while (true) {
    NARU_TRY(incoming, next(Duration::zero()));
    if (!incoming) break;
  }
  return failed(Exit::unreachable, fmt::format("{} is gone: {}", server_, sent.error().what));
}

// ---- Receiving
// ---------------------------------------------------------------------------------------------------------------

Outcome<std::optional<Incoming>> AmqpConnection::next(Duration time_max) {
  NARU_TRY_VOID(flush());
  while (true) {
    const std::size_t before = begin_;
    NARU_TRY(incoming, take_frame());
    if (incoming) return incoming;
    if (begin_ != before) continue;  // a frame that completed nothing
    input_.consume(std::exchange(begin_, 0));
    const auto got = stream_->read_some({input_.prepare(kReadBytes), kReadBytes}, time_max);
    if (!got && got.error().code == Errc::need_more) {
      if (blocked_ && time_max > Duration::zero()) continue;
      return std::nullopt;
    }
    if (!got || *got == 0) {
      return gone("closed the connection");
    }
    input_.commit(*got);
  }
}

Outcome<Incoming> AmqpConnection::expect(Duration time_max) {
  NARU_TRY(incoming, next(time_max));
  if (!incoming) return failed(Exit::unreachable, fmt::format("{} does not answer", server_));
  return *incoming;
}

Outcome<std::optional<Incoming>> AmqpConnection::take_frame() {
  const amqp::FrameResult result =
      amqp::next_frame(input_.view().subspan(begin_), frame_bytes_max_);
  if (result.status == amqp::FrameStatus::need_more) return std::nullopt;
  const amqp::Frame& frame = result.frame;
  const bool known = frame.type == 1 || frame.type == 2 || frame.type == 3 || frame.type == 8;
  if (result.status != amqp::FrameStatus::complete || !known) {
    if (greeted_) return gone("sent what is not AMQP 0-9-1");
    over_ = true;
    return failed(Exit::unreachable,
                  fmt::format("what answers at {} is not AMQP 0-9-1: {}", server_, kWhereToLook));
  }
  begin_ += frame.wire_bytes();
  if (frame.is(amqp::FrameType::method)) return on_method(frame);
  if (frame.is(amqp::FrameType::header)) return on_header(frame);
  if (frame.is(amqp::FrameType::body)) return on_body(frame);
  return std::nullopt;  // a heartbeat
}

Outcome<std::optional<Incoming>> AmqpConnection::on_method(const amqp::Frame& frame) {
  const auto method = amqp::split_method(frame.payload);
  if (!method) return failed(Exit::failure, method.error().what);
  if (frame.channel == 0) return on_connection_method(*method);
  if (method->id == amqp::ChannelClose::kId) {
    const auto close = amqp::decode_method<amqp::ChannelClose>(method->fields);
    if (!close) return failed(Exit::failure, close.error().what);
    send(amqp::ChannelCloseOk{});
    const amqp::MethodId cause{close->failed_class, close->failed_method};
    if (question_.class_id != 0 && cause == question_) {
      return Incoming{method->id, method->fields, {}, {}};
    }
    return closed_by_broker(close->reply_code, close->reply_text);
  }
  awaits_content_ = method->id == amqp::BasicDeliver::kId || method->id == amqp::BasicGetOk::kId ||
                    method->id == amqp::BasicReturn::kId;
  if (!awaits_content_) return Incoming{method->id, method->fields, {}, {}};
  method_ = method->id;
  method_fields_ = as_text(method->fields);
  body_bytes_.reset();
  body_.clear();
  return std::nullopt;
}

Outcome<std::optional<Incoming>> AmqpConnection::on_header(const amqp::Frame& frame) {
  ByteReader reader(frame.payload);
  reader.u32();  // class and weight
  const std::uint64_t body_bytes = reader.u64();
  if (!awaits_content_ || !reader.ok() || body_bytes > amqp::kBodyBytesLimit) {
    return failed(Exit::failure, "the broker sent a content header that makes no sense");
  }
  header_ = as_text(reader.rest());
  body_bytes_ = body_bytes;
  return complete();
}

Outcome<std::optional<Incoming>> AmqpConnection::on_body(const amqp::Frame& frame) {
  if (!body_bytes_ || body_.size() + frame.payload.size() > *body_bytes_) {
    return failed(Exit::failure, "the broker sent more of a body than it announced");
  }
  body_ += as_text(frame.payload);
  return complete();
}

std::optional<Incoming> AmqpConnection::complete() {
  if (body_.size() < *body_bytes_) return std::nullopt;
  awaits_content_ = false;
  body_bytes_.reset();
  return Incoming{method_, as_bytes(method_fields_), as_bytes(header_), body_};
}

Outcome<std::optional<Incoming>> AmqpConnection::on_connection_method(
    const amqp::MethodFrame& method) {
  if (method.id == amqp::ConnectionClose::kId) {
    const auto close = amqp::decode_method<amqp::ConnectionClose>(method.fields);
    if (!close) return failed(Exit::failure, close.error().what);
    over_ = true;
    send_on_0(amqp::ConnectionCloseOk{});
    const auto failure = closed_by_broker(close->reply_code, close->reply_text);
    // Whether it arrives changes nothing.
    [[maybe_unused]] const auto sent = stream_->write_all(output_.view(), kCloseTimeMax);
    output_.clear();
    return failure;
  }
  if (method.id == amqp::ConnectionBlocked::kId) {
    const auto blocked = amqp::decode_method<amqp::ConnectionBlocked>(method.fields);
    if (blocked && !std::exchange(blocked_, true)) {
      environment_.console.write_error(
          fmt::format("naru: the broker takes no messages now: {}; waiting\n", blocked->reason));
    }
    return std::nullopt;
  }
  if (method.id == amqp::ConnectionUnblocked::kId) {
    blocked_ = false;
    return std::nullopt;
  }
  return Incoming{method.id, method.fields, {}, {}};
}

std::unexpected<Failure> AmqpConnection::closed_by_broker(std::uint16_t code,
                                                          std::string_view text) const {
  if (!logged_in_ && code == static_cast<std::uint16_t>(amqp::ReplyCode::access_refused)) {
    return failed(
        Exit::permission,
        "the broker does not let this user in: set NARU_USER and NARU_PASSWORD (guest may "
        "log in from the broker's own machine only)");
  }
  const Exit exit = exit_of(code, text);
  return failed(exit, with_advice(exit, fmt::format("{} ({})", text, code)));
}

std::unexpected<Failure> AmqpConnection::gone(std::string_view how) {
  over_ = true;
  return failed(Exit::unreachable, fmt::format("{} {}{}{}", server_, how,
                                               logged_in_ ? "" : " before the login was done",
                                               greeted_ ? "" : fmt::format(": {}", kWhereToLook)));
}

std::unexpected<Failure> AmqpConnection::unexpected(amqp::MethodId got, std::string_view wanted) {
  return failed(Exit::failure, fmt::format("the broker answered {} instead of {}",
                                           amqp::method_name(got), wanted));
}

Outcome<std::uint64_t> AmqpConnection::close() {
  std::uint64_t too_late = 0;
  if (over_) return too_late;
  send_on_0(amqp::ConnectionClose{
      .reply_code = static_cast<std::uint16_t>(amqp::ReplyCode::success), .reply_text = "bye"});
  std::optional<Failure> failure;
  while (true) {
    const auto incoming = next(kCloseTimeMax);
    if (!incoming) {
      // What was on its way may be refused still; the goodbye is answered behind it.
      if (!failure) failure = incoming.error();
      if (over_) break;
      continue;
    }
    if (!*incoming) {
      over_ = true;
      return failed(Exit::unreachable, fmt::format("{} does not answer", server_));
    }
    if ((*incoming)->is<amqp::BasicDeliver>()) ++too_late;
    if ((*incoming)->is<amqp::ConnectionCloseOk>()) break;
  }
  over_ = true;
  if (failure) return std::unexpected(std::move(*failure));
  return too_late;
}

Outcome<void> AmqpConnection::close_after(const Outcome<void>& work) {
  const auto closed = close();
  if (!work) return work;
  if (!closed) return std::unexpected(closed.error());
  return {};
}

}  // namespace naru::cli
