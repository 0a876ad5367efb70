#pragma once
/// One shard's loop: its connections, its deadlines and its broker, turn by turn.

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/log.h"
#include "base/random.h"
#include "core/memory_bounds.h"
#include "io/network.h"
#include "io/scheduler.h"
#include "server/broker.h"
#include "server/buffer_pool.h"
#include "server/connection.h"
#include "server/connection_slots.h"
#include "server/deadline_heap.h"
#include "server/input_room.h"
#include "server/limits.h"
#include "server/memory_account.h"
#include "server/strangers.h"

namespace naru::server {

/// Something beside the connections that wants to be called in time, e.g. the HTTP server.
class TimedPart {
 public:
  virtual ~TimedPart() = default;
  virtual TimePoint next_deadline() const = 0;
  virtual void on_deadline(const Now& now) = 0;
  /// What it holds for its peers; asked in every turn.
  virtual std::uint64_t memory_bytes() const = 0;
};

class MemoryWatch;

/// Owned by one thread, like everything it refers to; only the loop's post() may be called from
/// others.
///
/// A turn: what was posted (other shards' batches, the log's completions), deadlines, all input
/// that is ready (sessions submit to the broker), then on_turn_end: inputs that were resumed, the
/// broker's flush (its events go to the sessions), and one gather write for each connection with
/// output.
class ShardHost final : public io::LoopClient {
 public:
  static constexpr std::size_t kReadBytes = core::bounds_at(core::MemoryStep::normal).read_bytes;

  /// What it is given outlives it.
  ShardHost(core::ShardId id, io::Scheduler& loop, io::Network& network, Random& random,
            Logger& log, ConnectionLimits limits);
  ~ShardHost() override;

  /// Before the first turn.
  void attach(Broker& broker) { broker_ = &broker; }
  void add(TimedPart& part) { parts_.push_back(&part); }

  /// What all shards together may have; outlives the host. Without it any number.
  void limit(ConnectionSlots& slots) { slots_ = &slots; }

  /// Serves a connection that some shard accepted. With all slots taken it gets that of the oldest
  /// connection here that has not logged in, or is closed.
  void adopt(std::unique_ptr<io::Accepted> accepted, Protocols protocols);
  void each_connection(const std::function<void(const admin::ConnectionStatus&)>& visit) const;
  std::size_t connection_count() const { return connections_.size(); }

  // ---- shard_host_memory.cc ----
  /// What the shard holds in memory.
  MemoryAccount memory() const;
  /// From now on `watch`, which outlives the host's turns, is told at the end of a turn when that
  /// has changed by much, or at all in a second.
  void report_memory_to(MemoryWatch& watch);
  void set_memory_step(core::MemoryStep step);
  core::MemoryStep memory_step() const { return memory_step_; }
  /// So much the shard may hold; publishes wait when it holds more, until it is granted more.
  void grant_memory(std::uint64_t bytes);
  /// What one connection may read at once.
  std::size_t read_bytes_max() const;
  /// Connections keep so much that nothing set room aside for that they are read in small pieces.
  bool has_much_loose_input() const {
    return connections_memory_.loose >= limits_.loose_input_bytes_max / 2;
  }
  /// A connection with more unsent output is not read from.
  std::size_t output_high_bytes() const;
  std::size_t channels_max() const { return core::bounds_at(memory_step_).channels; }
  std::size_t argument_bytes_max() const { return core::bounds_at(memory_step_).argument_bytes; }

  /// Takes no new connections and asks all to close; drops what is left at `deadline`; calls `done`
  /// when none is left.
  void drain(Errc code, std::string text, TimePoint deadline, io::Task done);
  /// How many were left at that deadline; for shard 0, when `done` was called.
  std::size_t dropped_at_stop() const { return dropped_at_stop_; }
  /// Calls `done` when the broker has nothing uncommitted left.
  void when_idle(io::Task done) {
    idle_waiter_ = std::move(done);
    run_again();
  }

  core::ShardId id() const { return id_; }
  io::Scheduler& loop() { return loop_; }
  Broker& broker() { return *broker_; }
  DeadlineHeap& deadlines() { return deadlines_; }

  // ---- io::LoopClient ----
  void on_deadline(const Now& now) override;
  void on_turn_end(const Now& now) override;

  // ---- For connections ----
  const Now& now() const { return loop_.now(); }
  Random& random() { return random_; }
  Logger& log() { return log_; }
  const ConnectionLimits& limits() const { return limits_; }
  BufferPool& buffers() { return buffers_; }
  InputRoom& input_room() { return input_room_; }
  void wait_for_input_room(Connection& connection, std::size_t bytes);
  /// Room may have come free: those in line go on.
  void call_waiting_input();
  void forget_input_of(Connection& connection);
  /// Whether this turn has read enough from all connections together.
  bool has_read_enough() const { return read_in_turn_ >= limits_.turn_read_bytes_max; }
  void note_read(std::size_t bytes) { read_in_turn_ += bytes; }
  /// What a connection holds has become `now` instead of `before`.
  void connection_holds(const ConnectionMemory& before, const ConnectionMemory& now) {
    connections_memory_.objects += now.objects - before.objects;
    connections_memory_.input += now.input - before.input;
    connections_memory_.output += now.output - before.output;
    connections_memory_.loose += now.loose - before.loose;
  }
  /// `bytes` to read into, the same memory each time.
  MutableByteView read_buffer(std::size_t bytes);
  /// end_turn() is due for the connection.
  void touch(Connection& connection);
  void continue_later(Connection& connection) {
    resumed_.push_back(connection.number());
    run_again();
  }
  /// The connection has not logged in and holds `bytes` now. When they are too many together the
  /// oldest are dropped, perhaps this one.
  void stranger_holds(Connection& connection, std::size_t bytes);
  /// It has logged in, or is over.
  void no_stranger(Connection& connection) { strangers_.remove(connection.number()); }
  /// The connection is over: destroyed at the end of the turn.
  void bury(Connection& connection) {
    buried_.push_back(connection.number());
    touch(connection);
  }
  /// A connection is not read: whether its client leaves is looked at from time to time.
  void look_for_hang_ups();
  /// Another turn follows this one at once.
  void run_again() { again_ = true; }
  /// A session was handed events; what it submitted in the broker's flush needs another one.
  void on_session_called() {
    if (flushing_) again_ = true;
  }

 private:
  class DrainDeadline final : public Deadline {
   public:
    explicit DrainDeadline(ShardHost& host) : host_(host) {}
    void on_expired(const Now& now) override;

   private:
    ShardHost& host_;
  };

  /// Looks whether somebody keeps others waiting for room for too long.
  class InputPatience final : public Deadline {
   public:
    explicit InputPatience(ShardHost& host) : host_(host) {}
    void on_expired(const Now& now) override;

   private:
    ShardHost& host_;
  };

  /// Nothing tells that somebody left who is not read.
  class HangUps final : public Deadline {
   public:
    explicit HangUps(ShardHost& host) : host_(host) {}
    void on_expired(const Now&) override { host_.end_who_left(); }

   private:
    ShardHost& host_;
  };

  Connection* find(std::uint64_t number);
  void end_who_left();
  bool take_slot(ConnectionSlot& slot);
  bool drop_oldest_stranger();
  void warn_of_limit(std::string_view what);
  std::vector<std::uint64_t> numbers() const;
  void continue_input(Connection& connection);
  void end_connections();
  TimePoint next_deadline() const;
  void check_waiters();
  void report_memory();
  void hold_publishes(bool held);

  const core::ShardId id_;
  io::Scheduler& loop_;
  io::Network& network_;
  Random& random_;
  Logger& log_;
  const ConnectionLimits limits_;
  Broker* broker_ = nullptr;
  std::vector<TimedPart*> parts_;

  DeadlineHeap deadlines_;
  BufferPool buffers_;
  ByteBuffer read_buffer_;
  std::uint64_t connection_counter_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  ConnectionSlots* slots_ = nullptr;
  Strangers strangers_;
  TimePoint next_warning_{};
  std::vector<std::uint64_t> touched_;
  std::vector<std::uint64_t> resumed_;
  std::vector<std::uint64_t> resuming_;
  std::vector<std::uint64_t> buried_;
  bool again_ = false;
  bool again_posted_ = false;
  bool flushing_ = false;

  InputRoom input_room_;
  InputPatience input_patience_{*this};
  HangUps hang_ups_{*this};
  bool hang_ups_due_ = false;
  MemoryWatch* memory_watch_ = nullptr;
  core::MemoryStep memory_step_ = core::MemoryStep::normal;
  ConnectionMemory connections_memory_;  // of all
  MemoryAccount reported_memory_;
  TimePoint next_memory_report_{};
  std::uint64_t granted_memory_ = UINT64_MAX;
  bool grant_awaited_ = false;
  bool publishes_held_ = false;
  std::size_t read_in_turn_ = 0;

  bool draining_ = false;
  DrainDeadline drain_deadline_{*this};
  io::Task drained_;
  std::size_t dropped_at_stop_ = 0;
  io::Task idle_waiter_;
};

}  // namespace naru::server
