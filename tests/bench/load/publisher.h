#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "confirm_window.h"
#include "connection.h"
#include "options.h"
#include "tally.h"

namespace naru::bench {

/// Publishes one queue's messages over its own connection. The block it sends from holds many
/// copies of one prebuilt message; a turn writes time stamps into their bodies and makes one
/// send(). One worker thread owns it.
class Publisher {
 public:
  /// Why pump() stopped.
  enum class Wait { turn, confirm, socket, time, done };

  /// `number`: which of all publishers it is. Paced ones begin spread over one interval, as clients
  /// that know nothing of each other would.
  Publisher(Connection connection, const Options& options, int number, Tally& tally);

  int fd() const { return connection_.fd(); }

  /// Reads confirms.
  void on_readable();

  /// Publishes one burst if the window, the pace and the socket allow it.
  Wait pump(std::uint64_t now, bool draining);

  /// When Wait::time is over.
  std::uint64_t due_ns() const { return due_of(published_); }
  bool settled() const { return unsent_.empty() && (!window_ || window_->outstanding() == 0); }

 private:
  std::uint64_t due_of(std::uint64_t message) const;
  std::uint64_t allowed(std::uint64_t now) const;
  void stamp(std::uint64_t count, std::uint64_t now);
  bool flush();
  void on_confirm(const Frame& frame, std::uint64_t now);

  Connection connection_;
  Tally& tally_;
  std::optional<ConfirmWindow> window_;
  std::string block_;
  std::size_t message_bytes_ = 0;
  std::size_t stamp_at_ = 0;
  std::uint64_t burst_ = 1;
  std::string_view unsent_;  // of block_: stamped, not yet taken by the socket
  std::uint64_t unsent_messages_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t count_;     // 0: no end
  double interval_ns_ = 0;  // between two messages; 0: no pace
  double lag_ns_ = 0;       // of the first message
  std::uint64_t started_ns_ = 0;
};

}  // namespace naru::bench
