#pragma once
/// The client's side of one AMQP 0-9-1 connection: real bytes, over the world's network.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "protocol/amqp091/methods.h"
#include "protocol/amqp091/properties.h"
#include "tests/sim/clients/environment.h"

namespace naru::sim {

/// What comes back on channels other than 0. Views are valid during the call.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  virtual void on_open() = 0;
  virtual void on_method(std::uint16_t channel, const amqp091::MethodFrame& method) = 0;
  virtual void on_content(std::uint16_t channel, const amqp091::MethodFrame& method,
                          const amqp091::Properties& properties, std::string_view body) = 0;
  /// The connection is over, whoever ended it.
  virtual void on_lost() = 0;
};

class Link {
 public:
  Link(Environment& environment, LinkUser& user) : environment_(environment), user_(user) {}

  /// False when nobody listens.
  bool connect();
  bool is_up() const { return wire_ != nullptr; }
  std::uint64_t wire_number() const { return wire_->number; }
  bool is_open() const { return open_; }
  /// The server ends the connection, or has; what is read now was sent before that.
  bool is_stale() const { return wire_->server_ends; }
  bool has_work() const;
  TimePoint next_deadline() const { return is_up() ? heartbeat_due_ : kNever; }
  /// Moves bytes; may call the user.
  void pump();
  /// It said that it wants to hear of consumers that end with their queues, and still does.
  bool is_told_of_cancels() const { return told_of_cancels_ && !is_stale(); }
  /// Reads no more until told otherwise.
  void stop_reading(bool stopped) { reading_stopped_ = stopped; }
  /// Much that was to be sent has not left.
  /// What comes now was sent at that time or later.
  TimePoint calm_at() const { return wire_->calm_at; }
  /// connection.blocked was heard last.
  bool is_blocked() const { return blocked_ && !is_stale(); }
  bool is_choked() const { return out_.size() > 64 * 1024; }

  template <typename Method>
  void send(std::uint16_t channel, const Method& method) {
    amqp091::append_method(out_, channel, method);
  }
  void publish(std::uint16_t channel, const amqp091::BasicPublish& method,
               const amqp091::Properties& properties, std::string_view body);
  /// connection.close; the user hears on_lost when it is answered.
  void close() { send(0, amqp091::ConnectionClose{.reply_code = 200, .reply_text = "bye"}); }
  enum class Cut : std::uint8_t { reset, vanish, end };
  void cut(Cut how);

 private:
  void parse();
  void on_frame(const amqp091::Frame& frame);
  void on_connection_method(const amqp091::MethodFrame& method);
  void on_header(ByteView payload);
  void finish_content();
  void flush();
  void lose();

  Environment& environment_;
  LinkUser& user_;
  WireRef wire_;
  ByteBuffer out_;
  std::string in_;
  std::uint32_t frame_bytes_max_ = 4096;
  Duration heartbeat_{0};
  TimePoint heartbeat_due_ = kNever;
  bool open_ = false;
  bool told_of_cancels_ = false;
  bool reading_stopped_ = false;
  bool blocked_ = false;

  // The content that is being read.
  std::uint16_t content_channel_ = 0;
  std::string content_method_;  // the method's payload; empty: none is being read
  std::string content_header_;
  std::string content_body_;
  std::uint64_t content_bytes_left_ = 0;
};

}  // namespace naru::sim
