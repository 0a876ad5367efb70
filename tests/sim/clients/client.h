#pragma once
/// What all clients do: connect, open a channel, act now and then, and come back when they are cut.

#include <string>

#include "tests/sim/clients/link.h"

namespace naru::sim {

class Client : protected LinkUser {
 public:
  explicit Client(Environment& environment, bool publishes = false)
      : environment_(environment), link_(environment, *this), publishes_(publishes) {}

  bool has_work() const { return link_.has_work() || wake_at_ <= environment_.now.mono; }
  TimePoint next_deadline() const { return std::min(wake_at_, link_.next_deadline()); }
  void step();

  /// Acts no more and says goodbye; then is_over().
  void retire();
  bool is_over() const { return retired_ && !link_.is_up(); }
  /// Keeps its connection, and does nothing on it until it may go on.
  void hold() { held_ = true; }
  /// Is cut off, and does not come back until it may go on.
  void leave();
  void go_on();
  /// Owes a publish that is confirmed, whatever it has done so far; with somebody who does not
  /// publish nothing happens.
  virtual void ask_for_publish() {}
  virtual bool owes_publish() const { return false; }
  bool is_publisher() const { return publishes_; }
  bool is_blocked() const { return link_.is_blocked(); }
  /// Has nothing of its own to do any more.
  virtual bool is_done() const { return false; }

 protected:
  static constexpr std::uint16_t kChannel = 1;

  /// The channel is open: what has to be said first.
  virtual void on_ready() = 0;
  /// A time to do something, chosen by chance.
  virtual void act() = 0;
  virtual void on_reply(const amqp091::MethodFrame& method) = 0;
  /// The channel is no more: with its connection, or closed by either side.
  virtual void on_channel_lost() = 0;
  /// The server closes it: it has no room, or one of the codes that expects() names;
  /// on_channel_lost() follows.
  virtual void on_channel_refused(std::uint16_t /*code*/) {}
  /// The server may close the channel with this code now.
  virtual bool expects(std::uint16_t /*code*/) const { return false; }
  virtual void on_message(const amqp091::MethodFrame&, const amqp091::Properties&,
                          std::string_view /*body*/) {}

  template <typename Method>
  void send(const Method& method) {
    link_.send(kChannel, method);
  }
  template <typename Method>
  static Method decode(const amqp091::MethodFrame& frame) {
    auto method = amqp091::decode_method<Method>(frame.fields);
    NARU_CHECK(method.has_value(), "the server's methods can be read");
    return *method;
  }
  template <typename Method>
  static bool is(const amqp091::MethodFrame& frame) {
    return frame.id == Method::kId;
  }
  /// How long it waits at most before it acts again.
  virtual Duration patience() const { return environment_.options.think_max; }
  /// Closes the channel and opens it again.
  void reopen_channel();
  /// Ends the connection in a way chosen by chance.
  void cut();

  Environment& environment_;
  Link link_;
  ChannelNo channel_ = 0;   // 0: not open
  std::uint64_t wire_ = 0;  // the connection's number, this one's or the last one's

 private:
  void on_open() override;
  void on_method(std::uint16_t channel, const amqp091::MethodFrame& method) override;
  void on_content(std::uint16_t channel, const amqp091::MethodFrame& method,
                  const amqp091::Properties& properties, std::string_view body) override;
  void on_lost() override;
  void on_refused(const amqp091::ChannelClose& method);
  void lose_channel();
  void sleep(Duration most);

  ChannelNo closing_channel_ = 0;
  TimePoint wake_at_{};
  const bool publishes_;
  bool held_ = false;
  bool away_ = false;
  bool retired_ = false;
  bool closing_ = false;
};

}  // namespace naru::sim
