#include "publisher.h"

#include <limits>

#include "names.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::size_t kWindow = 200;
constexpr std::size_t kAnswered = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kOutputBytes = 64 * 1'024;
constexpr std::size_t kBodyFrame = 131'072 - bench::kFrameOverhead;
constexpr std::uint16_t kDeliveryMode = 0x1000;
constexpr std::uint16_t kMessageId = 0x0080;

}  // namespace

Publisher::Publisher(const Setup& setup, const Source& source, History& history)
    : link_(setup.link), index_(setup.index), run_(setup.run), source_(source), history_(history) {}

bool Publisher::connect(Millis now) {
  FrameWriter select;
  select.begin(1, Method::confirm_select).u8(0).end();
  const Link::Request setup[] = {{select, Method::confirm_select_ok}};
  first_tag_ = 1;
  blocked_ = false;
  return link_.open(setup, now);
}

bool Publisher::on_readable(Millis now) {
  if (link_.read(now, [this](const Frame& frame) { on_frame(frame); })) return true;
  lost();
  return false;
}

bool Publisher::pump(bool more) {
  while (true) {
    while (more && link_.is_up() && link_.output().size() < kOutputBytes &&
           unanswered_.size() < kWindow && !at_end()) {
      append_message();
    }
    const bool had_output = link_.has_output();
    if (!link_.flush()) {
      lost();
      return false;
    }
    if (!had_output || link_.has_output()) return true;
  }
}

bool Publisher::on_time(Millis now) {
  if (link_.on_time(now)) return true;
  lost();
  return false;
}

void Publisher::append_message() {
  const std::string_view body = source_.body(index_, next_);
  const bool to_all = source_.to_all_queues(index_);
  writer_.clear();
  writer_.begin(1, Method::basic_publish).u16(0).short_string(to_all ? kToAll : "");
  writer_.short_string(to_all ? "" : queue_name(source_.queue(index_, next_))).u8(0).end();
  writer_.begin(bench::kFrameHeader, 1).u16(60).u16(0).u64(body.size());
  writer_.u16(kDeliveryMode | kMessageId).u8(source_.persistent(index_, next_) ? 2 : 1);
  writer_.short_string(MessageId{run_, index_, next_}.text()).end();
  for (std::size_t from = 0; from < body.size(); from += kBodyFrame) {
    writer_.begin(bench::kFrameBody, 1).raw(body.substr(from, kBodyFrame)).end();
  }
  link_.output() += writer_.bytes();
  history_.sent(index_, next_);
  unanswered_.push_back(next_++);
}

void Publisher::on_frame(const Frame& frame) {
  if (frame.type != bench::kFrameMethod) return;
  if (frame.method() == Method::connection_blocked) {
    blocked_ = true;
    ++times_blocked_;
  }
  if (frame.method() == Method::connection_unblocked) blocked_ = false;
  if (frame.payload.size() < 13) return;
  const auto tag = bench::load_big<std::uint64_t>(frame.payload.data() + 4);
  const bool multiple = (frame.payload[12] & 1) != 0;
  if (frame.method() == Method::basic_ack) settle(tag, multiple, Outcome::ok);
  if (frame.method() == Method::basic_nack) settle(tag, multiple, Outcome::failed);
}

void Publisher::settle(std::uint64_t tag, bool multiple, Outcome outcome) {
  if (tag < first_tag_ || tag - first_tag_ >= unanswered_.size()) {
    history_.violation("a confirm for tag " + std::to_string(tag) + ", which is not outstanding");
    return;
  }
  const std::size_t position = tag - first_tag_;
  if (unanswered_[position] == kAnswered) {
    history_.violation("tag " + std::to_string(tag) + " was confirmed twice");
  }
  for (std::size_t at = multiple ? 0 : position; at <= position; ++at) {
    if (unanswered_[at] == kAnswered) continue;
    history_.answered(index_, unanswered_[at], outcome);
    unanswered_[at] = kAnswered;
  }
  while (!unanswered_.empty() && unanswered_.front() == kAnswered) {
    unanswered_.pop_front();
    ++first_tag_;
  }
}

void Publisher::lost() {
  for (const std::size_t number : unanswered_) {
    if (number != kAnswered) history_.answered(index_, number, Outcome::unknown);
  }
  unanswered_.clear();
  blocked_ = false;
}

}  // namespace naru::faults
