#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "history.h"
#include "link.h"

namespace naru::faults {

/// Publishes one publisher's lines in order, persistent, with a window of unconfirmed ones. When
/// its link is lost, what was unanswered stays unknown, is not sent again, and it goes on with the
/// next.
class Publisher {
 public:
  Publisher(std::uint16_t port, std::size_t index, std::uint32_t round, History& history);

  Link& link() { return link_; }
  bool connect();
  /// Takes confirms; false when the link was lost.
  bool on_readable();
  /// Sends as much as window and socket allow; false when the link was lost.
  bool pump();
  /// Every line has its outcome.
  bool done() const { return next_ == history_.lines_of(index_) && unanswered_.empty(); }

 private:
  void on_frame(const bench::Frame& frame);
  void settle(std::uint64_t tag, bool multiple, Outcome outcome);
  void append_line();
  void give_up_unanswered();

  Link link_;
  std::size_t index_;
  std::uint32_t round_;
  History& history_;
  std::string queue_;
  std::size_t next_ = 0;
  std::uint64_t first_tag_ = 1;         // of the front of unanswered_
  std::deque<std::size_t> unanswered_;  // line numbers by tag; kAnswered for a gap
  bench::FrameWriter writer_;
};

/// "text-0" and so on.
std::string queue_name(std::size_t queue);

}  // namespace naru::faults
