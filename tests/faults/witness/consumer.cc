#include "consumer.h"

#include <vector>

#include "message_frames.h"
#include "names.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::uint16_t kPrefetch = 500;
constexpr std::uint64_t kAckEvery = 50;
constexpr std::uint64_t kAckGotEvery = 5;
constexpr std::uint8_t kDurable = 2;
constexpr Millis kAskAgainMs = 20;  // after a queue was empty

FrameWriter declare(std::size_t queue) {
  FrameWriter writer;
  writer.begin(1, Method::queue_declare).u16(0).short_string(queue_name(queue)).u8(kDurable);
  writer.u32(0).end();
  return writer;
}

FrameWriter declare_exchange() {
  FrameWriter writer;
  writer.begin(1, Method::exchange_declare).u16(0).short_string(kToAll).short_string("fanout");
  writer.u8(kDurable).u32(0).end();
  return writer;
}

FrameWriter bind(std::size_t queue) {
  FrameWriter writer;
  writer.begin(1, Method::queue_bind).u16(0).short_string(queue_name(queue)).short_string(kToAll);
  writer.short_string("").u8(0).u32(0).end();
  return writer;
}

FrameWriter consume(std::size_t queue) {
  FrameWriter writer;  // the consumer tag is the queue's number
  writer.begin(1, Method::basic_consume).u16(0).short_string(queue_name(queue));
  writer.short_string(std::to_string(queue)).u8(0).u32(0).end();
  return writer;
}

}  // namespace

Consumer::Consumer(const Setup& setup, History& history)
    : Party(setup.link, history), setup_(setup) {}

bool Consumer::connect(Millis now) {
  FrameWriter qos;
  qos.begin(1, Method::basic_qos).u32(0).u16(kPrefetch).u8(0).end();
  std::vector<Link::Request> setup{{qos, Method::basic_qos_ok},
                                   {declare_exchange(), Method::exchange_declare_ok}};
  for (std::size_t queue = 0; queue < setup_.shape.queues; ++queue) {
    setup.push_back({declare(queue), Method::queue_declare_ok});
    setup.push_back({bind(queue), Method::queue_bind_ok});
  }
  // Deliveries of one queue may come before the next consume-ok, so only the first is asked for
  // here.
  if (!setup_.gets) setup.push_back({consume(0), Method::basic_consume_ok});
  if (!link_.open(setup, now)) return false;
  session_ = history_.begin_session();
  first_tag_ = 1;
  unacked_ = 0;
  answers_ = 0;
  naps_until_ = 0;
  gives_up_ = false;
  consumes_from_all_ = setup_.gets || setup_.shape.queues == 1;
  getting_ = false;
  gets_at_ = 0;
  return true;
}

bool Consumer::flush() {
  if (link_.is_up() && !consumes_from_all_) {
    for (std::size_t queue = 1; queue < setup_.shape.queues; ++queue) {
      link_.output() += consume(queue).bytes();
    }
    consumes_from_all_ = true;
  }
  ask_for_one();
  return Party::flush();
}

// One at a time, from each queue in turn.
void Consumer::ask_for_one() {
  if (!setup_.gets || plainly_ || getting_ || !link_.is_up() || link_.parting() || now_ < gets_at_)
    return;
  queue_ = (queue_ + 1) % setup_.shape.queues;
  link_.output() += get_frame(queue_).bytes();
  getting_ = true;
}

bool Consumer::on_time(Millis now) {
  return Party::on_time(now) && (!setup_.gets || flush());
}

void Consumer::on_lost(bool orderly) {
  let_go();
  outstanding_.clear();
  history_.end_session(session_, orderly);
}

void Consumer::let_go() {
  for (auto& copy : outstanding_) {
    if (copy) history_.returned(session_, *copy);
    copy.reset();
  }
  unacked_ = 0;
}

void Consumer::part() {
  if (!link_.is_up() || link_.parting()) return;
  link_.part();
  let_go();  // the broker may hand it on before we read its answer
}

void Consumer::behave(bool plainly, Millis now) {
  now_ = now;
  plainly_ = plainly;
  if (plainly_) settle_all();
}

void Consumer::ask(Millis now) {
  now_ = now;
  settle_all();
  answers_ = 0;
  left_ = 0;
  delivered_since_asked_ = false;
  for (std::size_t queue = 0; queue < setup_.shape.queues; ++queue) {
    link_.output() += passive_declare(queue).bytes();
  }
}

void Consumer::on_frame(const Frame& frame) {
  if (message_.take(frame)) return message_done();
  if (frame.type != bench::kFrameMethod) return;
  if (frame.method() == Method::basic_get_ok && !getting_) {
    history_.violation("a message that nobody asked for");
  }
  if (frame.method() == Method::basic_get_empty) {
    getting_ = false;
    gets_at_ = now_ + kAskAgainMs;
  }
  if (frame.method() == Method::queue_declare_ok) {
    left_ += length_of(frame);
    ++answers_;
  }
}

void Consumer::message_done() {
  getting_ = false;
  // Sent before the broker read our goodbye, and perhaps in other hands by now (§1.4.2.1:
  // discarded).
  if (link_.parting()) return;
  if (message_.tag() != first_tag_ + outstanding_.size()) {
    history_.violation("delivery tag " + std::to_string(message_.tag()) + " is not the next one");
  }
  const std::string& consumer = message_.consumer();
  if (!setup_.gets && consumer.size() == 1) {
    queue_ = static_cast<std::size_t>(consumer.front() - '0');  // see consume()
  }
  const Delivery delivery{.message_id = message_.message_id(),
                          .body = message_.body(),
                          .queue = queue_,
                          .redelivered = message_.redelivered()};
  outstanding_.push_back(history_.delivered(session_, delivery, now_));
  delivered_since_asked_ = true;
  if (outstanding_.back()) ++unacked_;
  if (unacked_ > setup_.shape.queues * kPrefetch) {
    history_.violation("more deliveries than the prefetch allows");
  }
  settle_somehow();
}

bool Consumer::one_in(std::uint64_t times) {
  return mixed(setup_.seed ^ ++lots_) % times == 0;
}

void Consumer::settle_somehow() {
  if (setup_.manners == Manners::moody && !plainly_) {
    if (one_in(200)) return settle(message_.tag(), false, Method::basic_nack);
    if (one_in(300)) return settle(message_.tag(), false, Method::basic_reject);
    if (one_in(2'000)) return settle(message_.tag(), true, Method::basic_nack);
    if (one_in(50)) return settle(message_.tag(), false, Method::basic_ack);
    if (one_in(2'000)) naps_until_ = now_ + 300;
    if (one_in(5'000)) return part();
    if (one_in(5'000)) gives_up_ = true;
  }
  if (unacked_ >= (setup_.gets ? kAckGotEvery : kAckEvery))
    settle(message_.tag(), true, Method::basic_ack);
}

// Up to the last one that is outstanding: to acknowledge a tag twice is an error.
void Consumer::settle_all() {
  if (unacked_ == 0 || link_.parting()) return;
  std::size_t last = outstanding_.size() - 1;
  while (!outstanding_[last]) --last;
  settle(first_tag_ + last, true, Method::basic_ack);
}

void Consumer::settle(std::uint64_t tag, bool multiple, Method method) {
  constexpr std::uint8_t kRequeue = 2;
  FrameWriter frame;
  frame.begin(1, method).u64(tag);
  if (method == Method::basic_ack) frame.u8(multiple ? 1 : 0);
  if (method == Method::basic_nack) frame.u8(kRequeue | (multiple ? 1 : 0));
  if (method == Method::basic_reject) frame.u8(1);
  frame.end();
  link_.output() += frame.bytes();
  const std::size_t position = tag - first_tag_;
  for (std::size_t at = multiple ? 0 : position; at <= position; ++at) forget(at, method);
  while (!outstanding_.empty() && !outstanding_.front()) {
    outstanding_.pop_front();
    ++first_tag_;
  }
}

void Consumer::forget(std::size_t position, Method method) {
  auto& copy = outstanding_[position];
  if (!copy) return;
  if (method == Method::basic_ack) {
    history_.settled(session_, *copy, now_);
  } else {
    history_.returned(session_, *copy);
  }
  copy.reset();
  --unacked_;
}

}  // namespace naru::faults
