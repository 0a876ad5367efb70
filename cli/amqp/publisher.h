#pragma once
/// Publishes messages and counts their confirms.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "cli/amqp/connection.h"
#include "cli/environment.h"
#include "cli/outcome.h"

namespace naru::cli {

struct PublishTarget {
  std::string exchange;
  std::string routing_key;
  bool mandatory = false;
  bool confirm = true;
  std::uint64_t window = 1000;  // messages on their way to being confirmed
};

/// Keeps at most `window` messages unconfirmed.
class Publisher {
 public:
  Publisher(Environment& environment, AmqpConnection& connection, const PublishTarget& target,
            ByteView properties)
      : environment_(environment),
        connection_(connection),
        target_(target),
        properties_(properties) {}

  /// Switches the channel to confirms, when they are wanted.
  Outcome<void> start();
  Outcome<void> publish(std::string_view body);
  /// Hands everything over; what the broker said meanwhile is taken.
  Outcome<void> flush();
  /// Waits until every message is confirmed, or without confirms until the broker has looked at all
  /// of them. Failure: some were refused, or returned.
  Outcome<void> finish();
  std::uint64_t published() const { return published_; }

 private:
  Outcome<void> take(const Incoming& incoming);
  /// Takes what comes until at most `left` messages are unconfirmed.
  Outcome<void> wait_for_confirms(std::size_t left);
  Outcome<void> wait_until_taken();

  Environment& environment_;
  AmqpConnection& connection_;
  const PublishTarget& target_;
  const ByteView properties_;
  std::uint64_t published_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t returned_ = 0;
  std::set<std::uint64_t> unconfirmed_;
};

}  // namespace naru::cli
