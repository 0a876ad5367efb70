#pragma once
/// When to send a heartbeat, and when the peer has been silent for too long (amqp091 §1).

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace naru::amqp091 {

/// Off until started. Sends when nothing else was sent for half the timeout; the peer is dead after
/// two whole intervals without an octet, that is between two and three timeouts after the last one.
class Heartbeat {
 public:
  struct Due {
    bool send = false;
    bool dead = false;
  };

  /// `timeout_s` 0: no heartbeats.
  void start(std::uint16_t timeout_s, TimePoint now) {
    timeout_ = std::chrono::seconds(timeout_s);
    if (timeout_ == Duration::zero()) return;
    send_at_ = now + timeout_ / 2;
    check_at_ = now + timeout_;
  }

  void sent() { sent_ = true; }
  void received() { received_ = true; }
  /// While the session does not read, silence is its own doing.
  void pause() { paused_ = true; }
  void resume() {
    paused_ = false;
    received_ = true;
  }

  TimePoint next() const { return std::min(send_at_, check_at_); }

  Due on_deadline(TimePoint now) {
    Due due;
    if (now >= send_at_) {
      due.send = !sent_;
      sent_ = false;
      send_at_ = now + timeout_ / 2;
    }
    if (now >= check_at_) {
      silent_ = received_ || paused_ ? 0 : silent_ + 1;
      received_ = false;
      due.dead = silent_ >= 2;
      check_at_ = now + timeout_;
    }
    return due;
  }

 private:
  Duration timeout_{};
  TimePoint send_at_ = kNever;
  TimePoint check_at_ = kNever;
  int silent_ = 0;
  bool sent_ = false;
  bool received_ = false;
  bool paused_ = false;
};

}  // namespace naru::amqp091
