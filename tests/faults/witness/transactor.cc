#include "transactor.h"

#include "message_frames.h"
#include "names.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::uint64_t kPublishesMax = 8;
constexpr std::uint64_t kGetsMax = 4;

FrameWriter bare(Method method) {
  FrameWriter writer;
  writer.begin(1, method).end();
  return writer;
}

}  // namespace

Transactor::Transactor(const Setup& setup, const Source& source, History& history)
    : Party(setup.link, history), setup_(setup), source_(source) {}

bool Transactor::connect(Millis now) {
  const Link::Request setup[] = {{bare(Method::tx_select), Method::tx_select_ok}};
  if (!link_.open(setup, now)) return false;
  session_ = history_.begin_session();
  gives_up_ = false;
  return true;
}

bool Transactor::pump(bool more) {
  if (link_.is_up() && !link_.parting() && step_ == Step::none && (more || !held_.empty())) {
    begin(more);
  }
  return kept(link_.flush() && !gives_up_);
}

// Publishes and asks for messages at once; acknowledges and ends when it has them.
void Transactor::begin(bool more) {
  step_ = Step::getting;
  if (more) {
    const std::uint64_t count = 1 + mixed(setup_.seed ^ ++lots_) % kPublishesMax;
    for (std::uint64_t each = 0; each < count; ++each) publish();
    const std::uint64_t gets = mixed(setup_.seed ^ ++lots_) % (kGetsMax + 1);
    for (std::uint64_t each = 0; each < gets; ++each) {
      asked_.push_back(mixed(setup_.seed ^ ++lots_) % source_.shape().queues);
      link_.output() += get_frame(asked_.back()).bytes();
    }
  }
  if (asked_.empty()) end();
}

void Transactor::publish() {
  link_.output() += message_frames(source_, {setup_.run, setup_.index, next_}).bytes();
  history_.sent(setup_.index, next_);
  published_.push_back(next_++);
}

void Transactor::end() {
  // Only transactions with something new are rolled back: what is held is let go of in the end.
  rolls_back_ = !published_.empty() && one_in(8);
  if (one_in(400)) {
    gives_up_ = true;
    return;
  }
  for (const Held& each : held_) {
    FrameWriter ack;
    ack.begin(1, Method::basic_ack).u64(each.tag).u8(0).end();
    link_.output() += ack.bytes();
  }
  link_.output() += bare(rolls_back_ ? Method::tx_rollback : Method::tx_commit).bytes();
  step_ = Step::ending;
}

void Transactor::on_frame(const Frame& frame) {
  if (message_.take(frame)) return message_done();
  if (frame.type != bench::kFrameMethod) return;
  if (frame.method() == Method::basic_get_empty) got_answer();
  if (frame.method() == Method::tx_commit_ok || frame.method() == Method::tx_rollback_ok) {
    const bool committed = frame.method() == Method::tx_commit_ok;
    if (step_ != Step::ending || committed == rolls_back_) {
      history_.violation("an answer to a transaction that was not asked for");
    }
    ended(committed);
  }
}

void Transactor::message_done() {
  if (asked_.empty()) return history_.violation("a message that nobody asked for");
  const Delivery delivery{.message_id = message_.message_id(),
                          .body = message_.body(),
                          .queue = asked_.front(),
                          .redelivered = message_.redelivered()};
  if (const auto copy = history_.delivered(session_, delivery, now_)) {
    held_.push_back({message_.tag(), *copy});
  }
  got_answer();
}

void Transactor::got_answer() {
  if (asked_.empty()) return history_.violation("an answer to a get that nobody sent");
  asked_.erase(asked_.begin());
  if (asked_.empty() && step_ == Step::getting) end();
}

void Transactor::ended(bool committed) {
  for (const std::size_t number : published_) {
    history_.answered(setup_.index, number, committed ? Outcome::ok : Outcome::failed);
  }
  published_.clear();
  step_ = Step::none;
  if (!committed) return history_.rolled_back();  // what was acknowledged is held again
  history_.committed();
  for (const Held& each : held_) history_.settled(session_, each.copy, now_);
  held_.clear();
}

void Transactor::on_lost(bool orderly) {
  const bool doubtful = step_ == Step::ending && !rolls_back_;
  InDoubt doubt;
  for (const std::size_t number : published_) {
    history_.answered(setup_.index, number, doubtful ? Outcome::unknown : Outcome::failed);
    doubt.published.push_back({setup_.index, number});
  }
  for (const Held& each : held_) {
    if (doubtful) {
      history_.settled(session_, each.copy, now_);
    } else {
      history_.returned(session_, each.copy);
    }
    doubt.acknowledged.push_back(each.copy);
  }
  history_.end_session(session_, orderly);
  if (doubtful) history_.in_doubt(std::move(doubt));
  published_.clear();
  held_.clear();
  asked_.clear();
  step_ = Step::none;
}

}  // namespace naru::faults
