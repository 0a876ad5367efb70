#pragma once
/// The broker as a shard's host drives it. The real one is CoreBroker (core_broker.h); tests of
/// connections have their own.

#include <memory>
#include <string>

#include "base/clock.h"
#include "core/broker_port.h"
#include "core/client.h"
#include "core/memory_step.h"
#include "server/memory_account.h"

namespace naru::server {

/// One connection's way into the broker. Destruction ends what the connection held.
class BrokerClient {
 public:
  virtual ~BrokerClient() = default;
  virtual core::BrokerPort& port() = 0;
  virtual core::ConnectionId id() const = 0;
  /// The connection's output is below its low mark: more may be delivered.
  virtual void on_output_drained() = 0;
  /// Memory of it, beyond a client's with one channel.
  virtual std::size_t memory_bytes() const = 0;
};

/// Owned by one shard's thread.
class Broker {
 public:
  virtual ~Broker() = default;
  virtual std::unique_ptr<BrokerClient> open_client(core::ClientHost& host) = 0;
  /// End of turn: staged work is appended and dispatched, events go to the clients, the log and
  /// other shards get their batches. True: there is more to do, in a turn that follows at once.
  virtual bool flush() = 0;
  virtual TimePoint next_deadline() const = 0;
  virtual void on_deadline() = 0;
  /// Publishers wait from now on, or (null) no longer.
  virtual void set_alarm(const core::Alarm* alarm) = 0;
  /// Adds what the broker holds in memory.
  virtual void add_memory(MemoryAccount& account) const = 0;
  virtual void set_memory_step(core::MemoryStep step) = 0;
  /// Publishes wait until it is known whether there is memory for more.
  virtual void hold_publishes(bool held) = 0;
  /// For a clean stop: nothing is done of itself any more, whatever the time; what was appended
  /// goes on to the disk.
  virtual void freeze() = 0;
  /// Nothing that was appended waits for its commit.
  virtual bool is_idle() const = 0;
};

}  // namespace naru::server
