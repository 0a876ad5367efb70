#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "message_reader.h"
#include "party.h"

namespace naru::faults {

/// What a consumer does besides acknowledging in batches: single acknowledgements, requeues,
/// hanging up with and without a goodbye, not reading for a while.
enum class Manners { plain, moody };

/// One of the competing consumers: consumes from every queue over one channel, or gets from them in
/// turn, settles, and hands each delivery to the history.
class Consumer final : public Party {
 public:
  struct Setup {
    LinkOptions link;
    Shape shape;
    Manners manners = Manners::plain;
    std::uint64_t seed = 0;
    bool gets = false;  // asks for each message, instead of consuming
  };
  Consumer(const Setup& setup, History& history);

  bool connect(Millis now) override;
  bool flush() override;
  bool on_time(Millis now) override;
  bool naps(Millis now) const override { return now < naps_until_; }
  void caught_up(Millis at) override { history_.caught_up(session_, at); }
  /// Says goodbye, and acknowledges nothing more.
  void part();
  /// From here on, or until told otherwise, it acknowledges everything at once and does nothing
  /// else.
  void behave(bool plainly, Millis now);

  /// Acknowledges everything and asks how much the queues still hold; the answers come later.
  void ask(Millis now);
  bool answered() const { return answers_ == setup_.shape.queues && !getting_; }
  /// What the answers to ask() said, and whether anything has been delivered since then.
  std::uint64_t left() const { return left_; }
  bool quiet() const { return !delivered_since_asked_; }

 private:
  void on_frame(const bench::Frame& frame) override;
  void on_lost(bool orderly) override;
  void ask_for_one();
  void message_done();
  void settle_somehow();
  void settle_all();
  void settle(std::uint64_t tag, bool multiple, bench::Method method);
  void forget(std::size_t position, bench::Method method);
  void let_go();
  bool one_in(std::uint64_t times);

  Setup setup_;
  Session session_;
  Millis naps_until_ = 0;
  bool plainly_ = false;
  bool consumes_from_all_ = false;
  bool getting_ = false;  // a get has no answer yet
  Millis gets_at_ = 0;
  std::uint64_t lots_ = 0;
  MessageReader message_;
  std::size_t queue_ = 0;                           // that it is from
  std::uint64_t first_tag_ = 1;                     // of the front of outstanding_
  std::deque<std::optional<CopyRef>> outstanding_;  // by tag; nothing for a gap
  std::uint64_t unacked_ = 0;
  std::size_t answers_ = 0;
  std::uint64_t left_ = 0;
  bool delivered_since_asked_ = false;
};

}  // namespace naru::faults
