#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "history.h"
#include "link.h"

namespace naru::faults {

/// One of the competing consumers: consumes from every queue over one channel, acknowledges in
/// batches, and hands each delivery to the history.
class Consumer {
 public:
  Consumer(std::uint16_t port, History& history) : link_(port), history_(history) {}

  Link& link() { return link_; }
  bool connect();
  /// False when the link was lost.
  bool on_readable();
  bool flush() { return link_.flush(); }

  /// Acknowledges everything and asks how much the queues still hold; the answers come later.
  void ask();
  bool answered() const { return answers_ == kQueues; }
  /// What the answers to ask() said, and whether anything has been delivered since then.
  std::uint64_t left() const { return left_; }
  bool quiet() const { return !delivered_since_asked_; }

 private:
  void on_frame(const bench::Frame& frame);
  void on_deliver(const bench::Frame& frame);
  void on_header(const bench::Frame& frame);
  void message_done();
  void append_ack();

  Link link_;
  History& history_;
  Session session_;
  std::uint64_t tag_ = 0;  // of the delivery being read
  bool redelivered_ = false;
  std::size_t queue_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string message_id_;
  std::string body_;
  std::uint64_t unacked_ = 0;
  std::size_t answers_ = 0;
  std::uint64_t left_ = 0;
  bool delivered_since_asked_ = false;
};

}  // namespace naru::faults
