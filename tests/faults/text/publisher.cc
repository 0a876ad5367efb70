#include "publisher.h"

#include <limits>

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::size_t kWindow = 1'000;
constexpr std::size_t kAnswered = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kOutputBytes = 64 * 1'024;
constexpr std::uint16_t kDeliveryMode = 0x1000;
constexpr std::uint16_t kMessageId = 0x0080;

}  // namespace

std::string queue_name(std::size_t queue) {
  return "text-" + std::to_string(queue);
}

Publisher::Publisher(std::uint16_t port, std::size_t index, std::uint32_t round, History& history)
    : link_(port),
      index_(index),
      round_(round),
      history_(history),
      queue_(queue_name(queue_of(index))) {}

bool Publisher::connect() {
  FrameWriter select;
  select.begin(1, Method::confirm_select).u8(0).end();
  const Link::Request setup[] = {{select, Method::confirm_select_ok}};
  first_tag_ = 1;
  return link_.up(setup);
}

bool Publisher::on_readable() {
  if (link_.read([this](const Frame& frame) { on_frame(frame); })) return true;
  give_up_unanswered();
  return false;
}

bool Publisher::pump() {
  while (true) {
    while (link_.output().size() < kOutputBytes && unanswered_.size() < kWindow &&
           next_ < history_.lines_of(index_)) {
      append_line();
    }
    const bool had_output = link_.has_output();
    if (!link_.flush()) {
      give_up_unanswered();
      return false;
    }
    if (!had_output || link_.has_output()) return true;
  }
}

void Publisher::append_line() {
  const std::string_view body = history_.line(index_, next_);
  writer_.clear();
  writer_.begin(1, Method::basic_publish).u16(0).short_string("").short_string(queue_).u8(0).end();
  writer_.begin(bench::kFrameHeader, 1).u16(60).u16(0).u64(body.size());
  writer_.u16(kDeliveryMode | kMessageId).u8(2);
  writer_.short_string(LineId{round_, index_, next_}.text()).end();
  if (!body.empty()) writer_.begin(bench::kFrameBody, 1).raw(body).end();
  link_.output() += writer_.bytes();
  history_.set_outcome(index_, next_, Outcome::sent);
  unanswered_.push_back(next_++);
}

void Publisher::on_frame(const Frame& frame) {
  if (frame.type != bench::kFrameMethod || frame.payload.size() < 13) return;
  const auto tag = bench::load_big<std::uint64_t>(frame.payload.data() + 4);
  const bool multiple = (frame.payload[12] & 1) != 0;
  if (frame.method() == Method::basic_ack) settle(tag, multiple, Outcome::ok);
  if (frame.method() == Method::basic_nack) settle(tag, multiple, Outcome::failed);
}

void Publisher::settle(std::uint64_t tag, bool multiple, Outcome outcome) {
  if (tag < first_tag_ || tag - first_tag_ >= unanswered_.size()) return;
  const std::size_t position = tag - first_tag_;
  for (std::size_t at = multiple ? 0 : position; at <= position; ++at) {
    if (unanswered_[at] == kAnswered) continue;
    history_.set_outcome(index_, unanswered_[at], outcome);
    unanswered_[at] = kAnswered;
  }
  while (!unanswered_.empty() && unanswered_.front() == kAnswered) {
    unanswered_.pop_front();
    ++first_tag_;
  }
}

void Publisher::give_up_unanswered() {
  for (const std::size_t number : unanswered_) {
    if (number != kAnswered) history_.set_outcome(index_, number, Outcome::unknown);
  }
  unanswered_.clear();
}

}  // namespace naru::faults
