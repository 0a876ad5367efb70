#include "protocol/amqp091/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

// Before the tune a connection may make us buffer 16 KiB: room for a token as password, no more.
constexpr std::size_t kHandshakeBytesMax = 16 * 1024;
constexpr Duration kHandshakeTime = std::chrono::seconds(10);
// How long a client may take to answer connection.close.
constexpr Duration kClosingTime = std::chrono::seconds(30);
// A peer that broke the framing cannot be understood any more; it gets time to read why.
constexpr Duration kGraceTime = std::chrono::seconds(3);
constexpr std::size_t kMethodIdBytes = 4;

using std::string_view_literals::operator""sv;

}  // namespace

Session::Session(protocol::SessionHost& host, const Amqp091Settings& settings,
                 const message::Codec& codec)
    : host_(host),
      settings_(settings),
      codec_(codec),
      give_up_at_(host.now().mono + kHandshakeTime),
      frame_bytes_max_(kHandshakeBytesMax - kFrameFudgeBytes) {}

Session::Turn::Turn(Session& session)
    : session_(session),
      outer_(session.batch_),
      was_stopped_(!session.takes_input()),
      batch_(session.host_.broker(), session.backlog_) {
  session.batch_ = &batch_;
}

Session::Turn::~Turn() {
  batch_.flush();
  session_.batch_ = outer_;
  if (outer_ != nullptr) return;
  session_.rewritten_.clear();
  if (session_.state_ == State::closed) return;
  if (session_.alarm_ && session_.backlog_.has_publish()) session_.announce_blocked();
  if (was_stopped_ && session_.takes_input()) {
    session_.heartbeat_.resume();
    session_.host_.resume_input();
  } else if (!session_.takes_input()) {
    session_.heartbeat_.pause();
  }
}

// ---- Input -------------------------------------------------------------------------------------

bool Session::takes_input() const {
  if (state_ >= State::closing) return true;  // what comes is dropped
  return awaited_.empty() && !is_stopped();
}

Result<std::size_t> Session::on_bytes(ByteView unread) {
  if (deaf_ || state_ == State::closed) return unread.size();
  heartbeat_.received();
  const Turn turn(*this);
  stopped_for_room_ = false;  // it is asked for again
  input_ = unread;
  if (state_ == State::protocol_header) input_ = unread.subspan(on_protocol_header(unread));
  if (part_left_ != 0 && takes_input()) take_part();
  while (takes_input() && (publish_again() || step())) {
  }
  const std::size_t used = unread.size() - input_.size();
  input_ = {};
  frame_ = {};
  return used;
}

std::size_t Session::on_protocol_header(ByteView unread) {
  // What cannot become a header any more need not be waited for.
  const std::string_view text =
      as_text(unread.first(std::min(unread.size(), kProtocolHeaderBytes)));
  const std::string_view name = kProtocolHeader091.substr(0, 4);
  const bool named = text.substr(0, 4) == name.substr(0, text.size());
  if (named && text.size() < kProtocolHeaderBytes) return 0;
  // 1-1-0-9 is AMQP 0-9, which is close enough (as in RabbitMQ).
  if (text == kProtocolHeader091 || text == "AMQP\x01\x01\x00\x09"sv) {
    send_start();
    return kProtocolHeaderBytes;
  }
  // Specification §2.2.4: answer with the version that is spoken here, and close.
  host_.output().buffer().append(kProtocolHeader091);
  end_now();
  return unread.size();
}

bool Session::step() {
  if (state_ == State::protocol_header) return false;
  const FrameResult result = next_frame(input_, frame_bytes_max_);
  if (result.status == FrameStatus::need_more) {
    // Of a publish not even the rest of a frame is waited for while there is an alarm.
    if (alarm_ && input_.size() >= kFrameHeadBytes + kMethodIdBytes) {
      const ByteView begun = input_.subspan(kFrameHeadBytes);
      if (waits_for_alarm({result.frame.type, result.frame.channel, begun})) return false;
    }
    begin_part(result);
    return false;
  }
  if (result.status != FrameStatus::complete) {
    bad_frame(result);
    return false;
  }
  if (alarm_ && waits_for_alarm(result.frame)) return false;
  if (result.frame.is(FrameType::header) && waits_for_room(result.frame)) return false;
  if (result.frame.is(FrameType::method) && waits_for_changes(result.frame)) return false;
  frame_ = input_.first(result.frame.wire_bytes());
  input_ = input_.subspan(frame_.size());
  on_frame(result.frame);
  return true;
}

// Publishers are not read while the alarm lasts, but where the broker would refuse, and the
// publisher hear of it; who does not publish is not concerned.
bool Session::waits_for_alarm(const Frame& frame) {
  if (state_ != State::running || frame.channel == 0) return false;
  if (frame.is(FrameType::method)) {
    const auto method = split_method(frame.payload);
    if (!method || method->id != BasicPublish::kId) return false;
  }
  const Channel* channel = find_channel(frame.channel);
  const bool was_let_in = !frame.is(FrameType::method) && channel != nullptr &&
                          channel->assembly != nullptr && channel->assembly->room;
  if (was_let_in && alarm_->lets_finish) return false;
  announce_blocked();
  if (alarm_->refuses && channel != nullptr && channel->confirms) return false;
  stopped_for_alarm_ = true;
  return true;
}

void Session::on_frame(const Frame& frame) {
  if (state_ == State::closing || state_ == State::closed) return on_frame_while_closing(frame);
  if (frame.channel == 0) return on_connection_frame(frame);
  if (state_ != State::running) return unexpected_frame(frame);
  on_channel_frame(frame);
}

void Session::on_connection_frame(const Frame& frame) {
  if (frame.is(FrameType::heartbeat) && frame.payload.empty()) return;
  if (frame.is(FrameType::header) || frame.is(FrameType::body)) return unexpected_frame(frame);
  if (!frame.is(FrameType::method)) {
    return close_connection(
        ReplyCode::frame_error,
        fmt::format("type {}, {}: unknown_frame", frame.type, octets_text(as_text(frame.payload))));
  }
  const auto method = split_method(frame.payload);
  if (!method) return close_connection(ReplyCode::frame_error, method.error().what);
  on_connection_method(*method);
}

void Session::on_connection_method(const MethodFrame& method) {
  const std::uint32_t key = method.id.key();
  if (key == ConnectionClose::kId.key()) return handle<ConnectionClose>(method.fields);
  if (key == ConnectionStartOk::kId.key() && state_ == State::starting)
    return handle<ConnectionStartOk>(method.fields);
  if (key == ConnectionTuneOk::kId.key() && state_ == State::tuning)
    return handle<ConnectionTuneOk>(method.fields);
  if (key == ConnectionOpen::kId.key() && state_ == State::opening)
    return handle<ConnectionOpen>(method.fields);
  if (key == ConnectionUpdateSecret::kId.key() && state_ == State::running)
    return handle<ConnectionUpdateSecret>(method.fields);
  if (method_name(method.id).empty()) {
    return close_connection(
        ReplyCode::internal_error,
        fmt::format("unknown method {}.{}", method.id.class_id, method.id.method_id));
  }
  close_connection(ReplyCode::channel_error,
                   fmt::format("unexpected method in connection state {}", info().state),
                   method.id);
}

void Session::on_channel_frame(const Frame& frame) {
  Channel* channel = find_channel(frame.channel);
  if (frame.is(FrameType::heartbeat)) return unexpected_frame(frame);
  if (!frame.is(FrameType::method) && !frame.is(FrameType::header) && !frame.is(FrameType::body)) {
    return close_connection(
        ReplyCode::frame_error,
        fmt::format("type {}, {}: unknown_frame", frame.type, octets_text(as_text(frame.payload))));
  }
  if (channel != nullptr && channel->state == ChannelState::open) {
    if (frame.is(FrameType::header)) return on_content_header(*channel, frame);
    if (frame.is(FrameType::body)) return on_content_body(*channel, frame);
  } else if (!frame.is(FrameType::method)) {
    if (channel != nullptr) return;  // specification §1.5.2.5: ignored until close-ok
    return close_connection(ReplyCode::unexpected_frame,
                            "expected method frame, got non method frame instead");
  }
  const auto method = split_method(frame.payload);
  if (!method) return close_connection(ReplyCode::frame_error, method.error().what);
  if (channel == nullptr) {
    if (method->id != ChannelOpen::kId) {
      return close_connection(ReplyCode::channel_error, "expected 'channel.open'", method->id);
    }
    if (auto open = decode_method<ChannelOpen>(method->fields); !open)
      return close_connection(ReplyCode::frame_error, open.error().what, method->id);
    return open_channel(frame.channel);
  }
  if (channel->state != ChannelState::open) return on_method_while_closed(*channel, *method);
  on_channel_method(*channel, *method);
}

// Specification §1.4.2.7: after close, everything but close and close-ok is dropped.
void Session::on_frame_while_closing(const Frame& frame) {
  if (frame.channel != 0 || !frame.is(FrameType::method)) return;
  const auto method = split_method(frame.payload);
  if (!method) return;
  if (method->id == ConnectionCloseOk::kId) return end_now();
  if (method->id == ConnectionClose::kId) send(0, ConnectionCloseOk{});
}

void Session::bad_frame(const FrameResult& result) {
  const std::size_t payload_max = frame_bytes_max_ - kFrameOverheadBytes;
  const Frame& frame = result.frame;
  const std::string why =
      result.status == FrameStatus::too_large
          ? fmt::format("{{frame_too_large,{},{}}}", result.size, payload_max)
          : fmt::format("{{invalid_frame_end_marker,{}}}", input_[frame.wire_bytes() - 1]);
  bad_framing(frame.type, frame.payload, why);
}

// Where the next frame would begin is unknown from here on.
void Session::bad_framing(std::uint8_t type, ByteView payload, std::string_view why) {
  input_ = {};
  if (state_ == State::closing || state_ == State::closed) return end_now();
  close_connection(ReplyCode::frame_error,
                   fmt::format("type {}, {}: {}", type, octets_text(as_text(payload)), why));
  close_silently(kGraceTime);
}

void Session::unexpected_frame(const Frame& frame) {
  close_connection(ReplyCode::unexpected_frame,
                   fmt::format("type {}, {}", frame.type, octets_text(as_text(frame.payload))));
}

// Who is not listened to is not read either: thousands of publishers may wait, or of clients that
// ask faster than they are answered.
std::size_t Session::input_bytes_max() const {
  return takes_input() ? frame_bytes_max_ + kFrameFudgeBytes : 1;
}

// ---- Time --------------------------------------------------------------------------------------

TimePoint Session::next_deadline() const {
  return std::min(give_up_at_, heartbeat_.next());
}

void Session::on_deadline(TimePoint now) {
  if (state_ == State::closed) return;
  const Turn turn(*this);
  if (now >= give_up_at_) {
    if (state_ < State::running)
      host_.log().warn("{}: gave up waiting for the handshake", host_.name());
    return end_now();
  }
  const Heartbeat::Due due = heartbeat_.on_deadline(now);
  if (due.dead && state_ != State::closing) {
    host_.log().warn("{}: missed heartbeats from client, timeout: {}s", host_.name(), heartbeat_s_);
    return end_now();
  }
  if (due.send) append_heartbeat(host_.output().buffer());
}

// ---- Events ------------------------------------------------------------------------------------

void Session::on_events(std::span<const core::Event> batch) {
  const Turn turn(*this);
  for (const core::Event& event : batch) {
    std::visit([this](const auto& content) { on_event(content); }, event);
  }
}

// ---- The end -----------------------------------------------------------------------------------

void Session::on_method(const ConnectionClose&) {
  if (leave_broker(ConnectionClose::kId)) {
    state_ = State::leaving;
    give_up_at_ = host_.now().mono + kClosingTime;
    return host_.deadline_changed();
  }
  say_goodbye();
}

// The client closes its side first, as with RabbitMQ: one that has several threads would otherwise
// see the end of the stream before all of them have understood close-ok.
void Session::say_goodbye() {
  send(0, ConnectionCloseOk{});
  close_silently(heartbeat_s_ == 0
                     ? kClosingTime
                     : std::min<Duration>(kClosingTime, std::chrono::seconds(heartbeat_s_)));
}

void Session::close_connection(ReplyCode code, std::string_view explanation, MethodId method) {
  if (state_ == State::closing || state_ == State::closed) return;
  const std::string text = reply_text(code, explanation);
  host_.log().warn("{}: closing connection of user '{}' in vhost '{}': {}", host_.name(), user_,
                   tenant_, text);
  leave_broker({});
  send(0,
       ConnectionClose{static_cast<std::uint16_t>(code), text, method.class_id, method.method_id});
  state_ = State::closing;
  give_up_at_ = host_.now().mono + kClosingTime;
  host_.deadline_changed();
  host_.resume_input();  // what waits unread is dropped
}

void Session::close_silently(Duration wait) {
  leave_broker({});
  state_ = State::closing;
  deaf_ = true;
  heartbeat_ = {};
  give_up_at_ = host_.now().mono + wait;
  host_.deadline_changed();
}

void Session::end_now() {
  if (state_ == State::closed) return;
  leave_broker({});
  state_ = State::closed;
  give_up_at_ = kNever;
  host_.close_after_output();
}

bool Session::leave_broker(MethodId why) {
  if (!std::exchange(end_wanted_, false)) return false;
  // Consumers go first, so that what is returned is not delivered to them again.
  request(why, nullptr, core::EndConnection{});
  for (const auto& [number, channel] : channels_) {
    drop_assembly(*channel);
    return_leases(*channel);
  }
  drop_streams();
  return true;
}

void Session::on_closed() {
  const Turn turn(*this);
  state_ = State::closed;
  give_up_at_ = kNever;
  for (const auto& [number, channel] : channels_) {
    drop_assembly(*channel);
    return_leases(*channel);
  }
  release_backlog_rooms();
  drop_streams();
}

// ---- Everywhere --------------------------------------------------------------------------------

Session::Awaited& Session::request(MethodId method, const Channel* channel,
                                   core::Request::Operation operation) {
  const core::RequestId id(++last_request_);
  batch_->add(std::make_unique<core::Request>(id, std::move(operation)));
  Awaited& awaited = awaited_[id.value];
  awaited.method = method;
  if (channel != nullptr) awaited.channel = channel->id;
  return awaited;
}

}  // namespace naru::amqp091
