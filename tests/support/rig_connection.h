#pragma once
/// A connection of the rig: what server/connection is to a socket, this is to a test's hands.

#include <memory>
#include <string>

#include "core/client.h"
#include "core/shard.h"
#include "protocol/module.h"
#include "protocol/session.h"

namespace naru::testing {

class BrokerRig;

class RigConnection final : public protocol::SessionHost, public core::ClientHost {
 public:
  RigConnection(BrokerRig& rig, core::Shard& shard, const protocol::Module& module, bool loopback);
  ~RigConnection() override;

  /// Bytes from the client; handled in the shard's next turn.
  void send(ByteView bytes) {
    input_.append(bytes);
    paused_ = false;
  }
  void send(std::string_view bytes) { send(as_bytes(bytes)); }
  /// Takes what the server wrote.
  std::string receive();
  /// The server is done with this connection: an orderly end after its last byte, or a drop.
  bool closed() const { return closed_; }
  bool dropped() const { return dropped_; }
  protocol::Session& session() { return *session_; }
  core::Client& client() { return *client_; }

  /// The connection's part of its shard's turn; true when anything moved.
  bool turn();
  bool fire_deadline();
  core::Shard& shard() { return shard_; }
  /// Stops reading what the server writes, as a client that hangs does.
  void stop_reading(bool stopped) { stopped_reading_ = stopped; }

  // ---- SessionHost ----
  core::BrokerPort& broker() override { return *client_; }
  protocol::Output& output() override { return output_; }
  const Now& now() const override;
  Random& random() override;
  Logger& log() override;
  bool peer_is_loopback() const override { return loopback_; }
  const std::string& name() const override { return name_; }
  core::ConnectionId id() const override { return client_->id(); }
  void close_after_output() override { closing_ = true; }
  void resume_input() override { paused_ = false; }
  void deadline_changed() override {}
  void authenticated() override {}

  // ---- ClientHost ----
  void on_events(std::span<const core::Event> batch) override;

 private:
  void parse();
  void write();

  BrokerRig& rig_;
  core::Shard& shard_;
  const bool loopback_;
  std::string name_;
  protocol::Output output_;
  std::unique_ptr<core::Client> client_;
  std::unique_ptr<protocol::Session> session_;
  ByteBuffer input_;
  std::string received_;
  bool paused_ = false;
  bool closing_ = false;
  bool closed_ = false;
  bool dropped_ = false;
  bool stopped_reading_ = false;
};

}  // namespace naru::testing
