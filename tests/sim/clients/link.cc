#include "tests/sim/clients/link.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/check.h"
#include "protocol/amqp091/table.h"

namespace naru::sim {

namespace {

template <typename Method>
Method decode(const amqp091::MethodFrame& frame) {
  auto method = amqp091::decode_method<Method>(frame.fields);
  NARU_CHECK(method.has_value(), "the server's methods can be read");
  return *method;
}

}  // namespace

bool Link::connect() {
  wire_ = environment_.network.connect();
  if (wire_ == nullptr) return false;
  environment_.did(Did::connect);
  out_.clear();
  in_.clear();
  content_method_.clear();
  open_ = reading_stopped_ = blocked_ = false;
  heartbeat_due_ = kNever;
  frame_bytes_max_ = environment_.options.frame_bytes_max;
  out_.append(amqp091::kProtocolHeader091);
  return true;
}

bool Link::has_work() const {
  if (wire_ == nullptr) return false;
  const bool over = wire_->reset || (wire_->down.end_read && wire_->down.arrived.empty());
  const bool readable = !reading_stopped_ && (over || !wire_->down.arrived.empty());
  // As TCP does, it waits until there is room worth sending for.
  const bool room = wire_->up.bytes <= environment_.network.options().buffer_bytes / 2;
  return readable || (!out_.empty() && room) || heartbeat_due_ <= environment_.now.mono;
}

void Link::pump() {
  if (heartbeat_due_ <= environment_.now.mono) {
    amqp091::append_heartbeat(out_);
    heartbeat_due_ = environment_.now.mono + heartbeat_ / 2;
  }
  flush();
  if (reading_stopped_) return;
  in_ += environment_.network.receive(*wire_);
  parse();
  if (wire_ == nullptr) return;
  if (wire_->reset || (wire_->down.end_read && wire_->down.arrived.empty())) return lose();
  flush();
}

void Link::flush() {
  out_.consume(environment_.network.send(*wire_, as_text(out_.view())));
}

void Link::parse() {
  std::string_view rest = in_;
  while (wire_ != nullptr) {
    const amqp091::FrameResult next = amqp091::next_frame(as_bytes(rest), frame_bytes_max_);
    if (next.status == amqp091::FrameStatus::need_more) break;
    NARU_CHECK(next.status == amqp091::FrameStatus::complete,
               "the server's frames are well formed");
    on_frame(next.frame);
    rest.remove_prefix(next.frame.wire_bytes());
  }
  in_.erase(0, in_.size() - rest.size());
}

void Link::on_frame(const amqp091::Frame& frame) {
  if (frame.is(amqp091::FrameType::heartbeat)) return;
  if (frame.is(amqp091::FrameType::header)) return on_header(frame.payload);
  if (frame.is(amqp091::FrameType::body)) {
    NARU_CHECK(frame.payload.size() <= content_bytes_left_, "a body is as long as announced");
    content_body_.append(as_text(frame.payload));
    content_bytes_left_ -= frame.payload.size();
    if (content_bytes_left_ == 0) finish_content();
    return;
  }
  const auto method = amqp091::split_method(frame.payload);
  NARU_CHECK(method.has_value(), "a method frame has a method");
  if (frame.channel == 0) return on_connection_method(*method);
  if (method->id == amqp091::BasicDeliver::kId || method->id == amqp091::BasicGetOk::kId ||
      method->id == amqp091::BasicReturn::kId) {
    content_channel_ = frame.channel;
    content_method_ = as_text(frame.payload);
    return;
  }
  user_.on_method(frame.channel, *method);
}

void Link::on_header(ByteView payload) {
  ByteReader in(payload);
  (void)in.u32();  // class and weight
  content_bytes_left_ = in.u64();
  content_header_ = as_text(payload.subspan(amqp091::kContentHeadBytes));
  content_body_.clear();
  if (content_bytes_left_ == 0) finish_content();
}

void Link::finish_content() {
  const auto properties = amqp091::parse_properties(as_bytes(content_header_));
  NARU_CHECK(properties.has_value(), "properties come back as they were");
  const std::string method = std::exchange(content_method_, {});
  user_.on_content(content_channel_, *amqp091::split_method(as_bytes(method)), *properties,
                   content_body_);
}

void Link::on_connection_method(const amqp091::MethodFrame& method) {
  using namespace std::string_view_literals;
  if (method.id == amqp091::ConnectionStart::kId) {
    ByteBuffer properties;
    message::Table capabilities{{"connection.blocked", true}};
    told_of_cancels_ = environment_.options.deletes && !environment_.random.one_in(4);
    if (told_of_cancels_) {
      capabilities.emplace_back("consumer_cancel_notify", true);
    }
    amqp091::append_table(properties, {{"capabilities", std::move(capabilities)}});
    send(0, amqp091::ConnectionStartOk{.client_properties = {properties.view().subspan(4)},
                                       .mechanism = "PLAIN",
                                       .response = {"\0guest\0guest"sv},
                                       .locale = "en_US"});
  } else if (method.id == amqp091::ConnectionTune::kId) {
    const auto tune = decode<amqp091::ConnectionTune>(method);
    frame_bytes_max_ = std::min(frame_bytes_max_, tune.frame_max);
    heartbeat_ = std::chrono::seconds(environment_.options.heartbeat_s);
    if (heartbeat_.count() != 0) heartbeat_due_ = environment_.now.mono + heartbeat_ / 2;
    send(0, amqp091::ConnectionTuneOk{tune.channel_max, frame_bytes_max_,
                                      environment_.options.heartbeat_s});
    send(0, amqp091::ConnectionOpen{});
  } else if (method.id == amqp091::ConnectionOpenOk::kId) {
    open_ = true;
    user_.on_open();
  } else if (method.id == amqp091::ConnectionBlocked::kId) {
    environment_.did(Did::blocked);
    blocked_ = true;
    if (!is_stale()) environment_.recorder.tell(&Checker::on_blocked, wire_->number);
  } else if (method.id == amqp091::ConnectionUnblocked::kId) {
    environment_.did(Did::unblocked);
    blocked_ = false;
    if (!is_stale()) environment_.recorder.tell(&Checker::on_unblocked, wire_->number);
  } else if (method.id == amqp091::ConnectionClose::kId) {
    send(0, amqp091::ConnectionCloseOk{});
    flush();
    cut(Cut::end);
  } else if (method.id == amqp091::ConnectionCloseOk::kId) {
    cut(Cut::end);
  }
}

void Link::publish(std::uint16_t channel, const amqp091::BasicPublish& method,
                   const amqp091::Properties& properties, std::string_view body) {
  send(channel, method);
  const std::size_t size_at = amqp091::begin_frame(out_, amqp091::FrameType::header, channel);
  out_.u16(amqp091::kBasicClass);
  out_.u16(0);
  out_.u64(body.size());
  amqp091::append_properties(out_, properties);
  amqp091::finish_frame(out_, size_at);
  while (!body.empty()) {
    const std::size_t count =
        std::min<std::size_t>(body.size(), frame_bytes_max_ - amqp091::kFrameOverheadBytes);
    const std::size_t at = amqp091::begin_frame(out_, amqp091::FrameType::body, channel);
    out_.append(body.substr(0, count));
    amqp091::finish_frame(out_, at);
    body.remove_prefix(count);
  }
}

void Link::cut(Cut how) {
  switch (how) {
    case Cut::reset:
      environment_.network.reset(*wire_);
      break;
    case Cut::vanish:
      environment_.network.vanish(*wire_);
      break;
    case Cut::end:
      environment_.network.end(*wire_);
      environment_.network.vanish(*wire_);
      break;
  }
  lose();
}

void Link::lose() {
  environment_.network.vanish(*wire_);
  environment_.recorder.tell(&Checker::on_wire_lost, wire_->number);
  wire_ = nullptr;
  open_ = blocked_ = false;
  user_.on_lost();
}

}  // namespace naru::sim
