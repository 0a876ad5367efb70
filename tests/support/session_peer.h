#pragma once
/// A session with a host that is nothing but memory: bytes go in as text or octets, what the
/// session says comes out, time stands still until it is moved.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/random.h"
#include "protocol/module.h"
#include "protocol/session.h"

namespace naru::testing {

class SessionPeer final : public protocol::SessionHost {
 public:
  SessionPeer(core::BrokerPort& broker, const Now& now, std::uint64_t seed = 1)
      : broker_(&broker), now_(now), random_(seed) {}

  /// A new connection; the one before is forgotten.
  void open(const protocol::Module& module) {
    take_output();
    unread_.clear();
    closed_ = broken_ = resumed_ = authenticated_ = false;
    session_ = module.open(*this);
  }
  protocol::Session& session() { return *session_; }

  /// Hands octets to the session the way a connection does: what it does not take is offered again
  /// with what follows, and when it asks for it.
  void send(std::string_view octets);
  void events(std::span<const core::Event> batch);
  void event(core::Event event) { events({&event, 1}); }
  /// Calls on_deadline when it is due.
  void tick();
  /// The output is low, as a connection says when it was sent.
  void drained() {
    if (output_.has_gap()) session_->on_output_low();
  }
  /// The peer hangs up.
  void hang_up();

  /// What the session said since the last call.
  std::string take_output();
  bool closed() const { return closed_; }
  bool broken() const { return broken_; }
  bool is_authenticated() const { return authenticated_; }
  std::size_t unread_bytes() const { return unread_.size(); }

  // ---- SessionHost ----
  core::BrokerPort& broker() override { return *broker_; }
  protocol::Output& output() override { return output_; }
  const Now& now() const override { return now_; }
  Random& random() override { return random_; }
  Logger& log() override { return log_; }
  std::size_t channels_max() const override { return channels_max_; }
  std::size_t argument_bytes_max() const override { return argument_bytes_max_; }
  void set_argument_bytes_max(std::size_t most) { argument_bytes_max_ = most; }
  void set_channels_max(std::size_t most) { channels_max_ = most; }
  bool peer_is_loopback() const override { return true; }
  const std::string& name() const override { return name_; }
  core::ConnectionId id() const override { return core::ConnectionId(1); }
  void close_after_output() override { closed_ = true; }
  void resume_input() override { resumed_ = true; }
  void deadline_changed() override {}
  void authenticated() override { authenticated_ = true; }
  std::optional<std::uint64_t> take_input_room(std::size_t bytes) override;
  void wait_for_input_room(std::size_t) override { waits_for_room_ = true; }
  bool grow_input_room(std::uint64_t ticket, std::size_t bytes) override;
  void give_input_room(std::uint64_t ticket) override { rooms_.erase(ticket); }
  std::size_t input_room_bytes_max() const override { return room_bytes_max_; }

  // ---- Room for unfinished input ----
  void set_room(std::size_t bytes) { room_bytes_ = bytes; }
  void set_room_max(std::size_t bytes) { room_bytes_max_ = bytes; }
  std::size_t room_taken() const;
  bool waits_for_room() const { return waits_for_room_; }
  /// It is the session's turn.
  void call() {
    waits_for_room_ = false;
    offer();
  }

 private:
  void offer();

  core::BrokerPort* broker_;
  const Now& now_;
  Random random_;
  NullLogger log_;
  const std::string name_ = "127.0.0.1:1 -> 127.0.0.1:5672";
  protocol::Output output_;
  std::unique_ptr<protocol::Session> session_;
  std::string unread_;
  std::size_t channels_max_ = SIZE_MAX;
  std::size_t argument_bytes_max_ = SIZE_MAX;
  bool closed_ = false;
  bool broken_ = false;
  bool resumed_ = false;
  bool authenticated_ = false;
  std::size_t room_bytes_ = SIZE_MAX;
  std::size_t room_bytes_max_ = SIZE_MAX;
  std::uint64_t tickets_ = 0;
  std::map<std::uint64_t, std::size_t> rooms_;  // by ticket
  bool waits_for_room_ = false;
};

}  // namespace naru::testing
