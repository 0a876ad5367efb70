#pragma once

#include "history.h"
#include "link.h"

namespace naru::faults {

/// One of those who talk to the broker, each over a link of its own that is made anew whenever it
/// is lost.
class Party {
 public:
  Party(const LinkOptions& link, History& history) : link_(link), history_(history) {}
  virtual ~Party() = default;

  Link& link() { return link_; }
  const Link& link() const { return link_; }
  /// False when the broker is not there.
  virtual bool connect(Millis now) = 0;
  /// Takes what has come. False when the link was lost, or given up.
  bool on_readable(Millis now);
  /// Sends what the socket takes. False when the link was lost.
  virtual bool flush() { return kept(link_.flush()); }
  /// False when the link was lost.
  virtual bool on_time(Millis now);
  /// Ends the connection without a word, and without reading what is there.
  void hang_up() {
    if (link_.is_open()) (void)kept(false);
  }
  /// It does not want to read for now.
  virtual bool naps(Millis) const { return false; }
  /// It has read all that the broker had sent at that time.
  virtual void caught_up(Millis) {}

 protected:
  virtual void on_frame(const bench::Frame& frame) = 0;
  /// The link is down; `orderly` when both sides had said goodbye.
  virtual void on_lost(bool orderly) = 0;
  /// Ends the link when something said that it is lost, and says so too.
  bool kept(bool is_kept);

  Link link_;
  History& history_;
  Millis now_ = 0;
  bool gives_up_ = false;  // hangs up once what has come is read
};

}  // namespace naru::faults
