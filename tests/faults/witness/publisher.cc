#include "publisher.h"

#include <limits>

#include "message_frames.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::size_t kWindow = 200;
constexpr std::size_t kAnswered = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kOutputBytes = 64 * 1'024;

}  // namespace

Publisher::Publisher(const Setup& setup, const Source& source, History& history)
    : Party(setup.link, history), index_(setup.index), run_(setup.run), source_(source) {}

bool Publisher::connect(Millis now) {
  FrameWriter select;
  select.begin(1, Method::confirm_select).u8(0).end();
  const Link::Request setup[] = {{select, Method::confirm_select_ok}};
  first_tag_ = 1;
  blocked_ = false;
  return link_.open(setup, now);
}

bool Publisher::pump(bool more) {
  while (true) {
    while (more && link_.is_up() && link_.output().size() < kOutputBytes &&
           unanswered_.size() < kWindow && !at_end()) {
      append_message();
    }
    const bool had_output = link_.has_output();
    if (!flush()) return false;
    if (!had_output || link_.has_output()) return true;
  }
}

void Publisher::append_message() {
  link_.output() += message_frames(source_, {run_, index_, next_}).bytes();
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

void Publisher::on_lost(bool) {
  for (const std::size_t number : unanswered_) {
    if (number != kAnswered) history_.answered(index_, number, Outcome::unknown);
  }
  unanswered_.clear();
  history_.reconnected(index_);
  blocked_ = false;
}

}  // namespace naru::faults
