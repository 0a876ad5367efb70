#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "batch_log.h"
#include "frames.h"
#include "peer.h"

namespace naru::bench {

/// The practical ceiling for AMQP 0-9-1 on one event loop: what the wire and the disk cost when
/// nothing else is done. README.md lists what it does and what it leaves out.
class Ceiling {
 public:
  /// Listens on 127.0.0.1. With an empty `log_path` nothing is logged and publishes are delivered
  /// and confirmed in the turn that read them.
  Ceiling(std::uint16_t port, const std::string& log_path);
  ~Ceiling();
  Ceiling(const Ceiling&) = delete;
  Ceiling& operator=(const Ceiling&) = delete;

  /// Serves until `stop_fd` is readable.
  void run(int stop_fd);

 private:
  struct Content {
    std::span<const std::uint8_t> publish;  // the publish frame
    std::span<const std::uint8_t> content;  // header and body frames
  };

  // ceiling.cc: the loop, sockets
  void watch(Peer& peer);
  void accept_peer();
  void read_peer(Peer& peer);
  void flush(Peer& peer);
  /// Notes a peer that has read or been written to in this turn.
  void touch(Peer& peer);
  void flush_touched();
  void close_peer(Peer& peer);
  void update_congestion();

  // messages.cc: publishes, the log, deliveries, confirms
  /// Reads the message that starts with the publish frame at the start of `bytes`; 0: not whole
  /// yet.
  std::size_t read_message(std::span<const std::uint8_t> bytes, Content& message);
  void on_message(Peer& peer, const Content& message);
  Queue& queue_of(Peer& peer, std::span<const std::uint8_t> publish);
  void enqueue(Queue& queue, const Content& message);
  void deliver(Peer& consumer, const Content& message);
  void confirm(Peer& peer, std::uint64_t up_to);
  void turn_log();
  void finish(const Batch& batch);

  // methods.cc: everything that is not a message
  void greet(Peer& peer);
  void on_method(Peer& peer, const Frame& frame);
  void start_consumer(Peer& peer, const Frame& frame);
  Queue& queue_named(std::string_view name);

  int listener_ = -1;
  int epoll_ = -1;
  std::optional<BatchLog> log_;
  std::unique_ptr<Batch> open_;                // filling
  std::vector<std::unique_ptr<Batch>> spare_;  // empty
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Peer>> departed_;  // closed, perhaps still named by a batch
  std::unordered_map<std::string, std::unique_ptr<Queue>> queues_;
  std::vector<Peer*> touched_;
  std::size_t congested_peers_ = 0;
  bool congested_ = false;
};

}  // namespace naru::bench
