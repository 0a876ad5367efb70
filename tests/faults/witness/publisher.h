#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "party.h"

namespace naru::faults {

/// Publishes one publisher's messages in order, with a window of unconfirmed ones. When its link is
/// lost, what was unanswered stays unknown, is not sent again, and it goes on with the next. It
/// goes on sending under connection.blocked, too: the broker has to bear that.
class Publisher final : public Party {
 public:
  struct Setup {
    LinkOptions link;
    std::size_t index = 0;
    std::uint32_t run = 0;
  };
  Publisher(const Setup& setup, const Source& source, History& history);

  bool connect(Millis now) override;
  /// Sends as much as window and socket allow; with `more` false, nothing new. False when the link
  /// was lost.
  bool pump(bool more);
  /// Everything that was sent has its outcome.
  bool answered() const { return unanswered_.empty(); }
  bool at_end() const { return next_ == source_.count(index_); }
  bool blocked() const { return blocked_; }
  std::uint64_t times_blocked() const { return times_blocked_; }

 private:
  void on_frame(const bench::Frame& frame) override;
  void on_lost(bool orderly) override;
  void settle(std::uint64_t tag, bool multiple, Outcome outcome);
  void append_message();

  std::size_t index_;
  std::uint32_t run_;
  const Source& source_;
  std::size_t next_ = 0;
  std::uint64_t first_tag_ = 1;         // of the front of unanswered_
  std::deque<std::size_t> unanswered_;  // numbers by tag; kAnswered for a gap
  bool blocked_ = false;
  std::uint64_t times_blocked_ = 0;
};

}  // namespace naru::faults
