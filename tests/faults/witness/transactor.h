#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "message_reader.h"
#include "party.h"

namespace naru::faults {

/// Publishes one publisher's messages in transactions, which also acknowledge what it got from the
/// queues. Each transaction is committed, or rolled back, or left behind with its connection:
///
///   answered   everything happened, or after a rollback nothing: what was acknowledged is held on
///   unasked    the connection was lost before the commit was sent: nothing happened
///   in doubt   it was lost with the commit's answer: everything or nothing, in each queue
class Transactor final : public Party {
 public:
  struct Setup {
    LinkOptions link;
    std::size_t index = 0;
    std::uint32_t run = 0;
    std::uint64_t seed = 0;
  };
  Transactor(const Setup& setup, const Source& source, History& history);

  bool connect(Millis now) override;
  void caught_up(Millis at) override { history_.caught_up(session_, at); }
  /// Begins the next transaction when there is none and `more` is wanted; without `more` only to
  /// commit what a rollback left. False when the link was lost.
  bool pump(bool more);
  /// Says goodbye; only between transactions.
  void part() { link_.part(); }
  /// It has nothing open, and holds nothing.
  bool idle() const { return step_ == Step::none && held_.empty(); }

 private:
  enum class Step { none, getting, ending };  // which answers are awaited
  struct Held {
    std::uint64_t tag;
    CopyRef copy;
  };

  void begin(bool more);
  void publish();
  void end();
  void on_frame(const bench::Frame& frame) override;
  void on_lost(bool orderly) override;
  void message_done();
  void got_answer();
  void ended(bool committed);
  bool one_in(std::uint64_t times) { return mixed(setup_.seed ^ ++lots_) % times == 0; }

  Setup setup_;
  const Source& source_;
  Session session_;
  std::uint64_t lots_ = 0;
  std::size_t next_ = 0;
  Step step_ = Step::none;
  bool rolls_back_ = false;
  std::vector<std::size_t> published_;  // numbers, of this transaction
  std::vector<Held> held_;              // its acknowledgements, or what a rollback gave back
  std::vector<std::size_t> asked_;      // queues of gets without an answer, the first one first
  MessageReader message_;
};

}  // namespace naru::faults
