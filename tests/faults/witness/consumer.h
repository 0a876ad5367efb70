#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "history.h"
#include "link.h"

namespace naru::faults {

/// What a consumer does besides acknowledging in batches: single acknowledgements, requeues,
/// hanging up with and without a goodbye, not reading for a while.
enum class Manners { plain, moody };

/// One of the competing consumers: consumes from every queue over one channel, or gets from them in
/// turn, settles, and hands each delivery to the history.
class Consumer {
 public:
  struct Setup {
    LinkOptions link;
    Shape shape;
    Manners manners = Manners::plain;
    std::uint64_t seed = 0;
    bool gets = false;  // asks for each message, instead of consuming
  };
  Consumer(const Setup& setup, History& history);

  Link& link() { return link_; }
  const Link& link() const { return link_; }
  const Session& session() const { return session_; }
  bool connect(Millis now);
  /// False when the link was lost, or given up.
  bool on_readable(Millis now);
  bool flush();
  bool on_time(Millis now);
  /// Ends the connection without a word, and without reading what is there.
  void hang_up() {
    if (link_.is_open()) lost();
  }
  /// It does not want to read for now.
  bool naps(Millis now) const { return now < naps_until_; }
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
  void on_frame(const bench::Frame& frame);
  void on_deliver(const bench::Frame& frame);
  void on_got(const bench::Frame& frame);
  void ask_for_one();
  void on_header(const bench::Frame& frame);
  void message_done();
  void settle_somehow();
  void settle_all();
  void settle(std::uint64_t tag, bool multiple, bench::Method method);
  void forget(std::size_t position, bench::Method method);
  void let_go();
  void lost();
  bool one_in(std::uint64_t times);

  Setup setup_;
  Link link_;
  History& history_;
  Session session_;
  Millis now_ = 0;
  Millis naps_until_ = 0;
  bool plainly_ = false;
  bool gives_up_ = false;
  bool consumes_from_all_ = false;
  bool getting_ = false;  // a get has no answer yet
  Millis gets_at_ = 0;
  std::uint64_t lots_ = 0;
  std::uint64_t tag_ = 0;  // of the delivery being read
  bool redelivered_ = false;
  std::size_t queue_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string message_id_;
  std::string body_;
  std::uint64_t first_tag_ = 1;                     // of the front of outstanding_
  std::deque<std::optional<CopyRef>> outstanding_;  // by tag; nothing for a gap
  std::uint64_t unacked_ = 0;
  std::size_t answers_ = 0;
  std::uint64_t left_ = 0;
  bool delivered_since_asked_ = false;
};

}  // namespace naru::faults
