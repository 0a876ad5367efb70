#pragma once
/// All that a protocol can ask of the broker, as one call.

#include <cstddef>
#include <span>

#include "core/commands.h"

namespace naru::core {

/// One connection's way into the broker. Owned by: the connection's shard.
class BrokerPort {
 public:
  virtual ~BrokerPort() = default;

  /// Takes commands in order and returns how many were taken: fewer than given when the connection
  /// has too much uncommitted input; a Writable event then says when to go on. Views inside the
  /// commands need to live only during the call. Events that the batch causes at once (Returned,
  /// PublishRefused, Reply) come after the call, before the turn ends.
  virtual std::size_t submit(std::span<Command> batch) = 0;

  /// Whether exchanges and queues may be declared (or asked for), bound and unbound now: all that
  /// comes with arguments. Asked before such a request is decoded: false while too much of them is
  /// on its way, and a Writable event then says when to ask again. Deletions never wait.
  virtual bool takes_changes() = 0;
};

}  // namespace naru::core
