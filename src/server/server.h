#pragma once
/// All shards together: listeners, where connections go, and what concerns every shard.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/connections_port.h"
#include "core/events.h"
#include "io/network.h"
#include "server/connection.h"
#include "server/shard_host.h"

namespace naru::server {

/// Called on shard 0's thread, unless a method says otherwise. Owns the listeners.
class Server final : public admin::ConnectionsPort {
 public:
  /// `shards` in the order of their ids; they outlive the server. `network` is shard 0's.
  Server(std::vector<ShardHost*> shards, io::Network& network);
  ~Server() override;

  /// Serves `protocols` there (several: the first bytes of a connection decide) and returns the
  /// address with the port that was given for port 0. Connections go to the shards in turn. Errors:
  /// as Network::listen.
  Result<io::Endpoint> listen(const io::Endpoint& at,
                              std::vector<const protocol::Module*> protocols);

  /// Stops listening, asks all connections to close and drops those that have not after `bound`;
  /// then waits until everything appended is committed; then calls `done`. `log_goes_on` is asked
  /// on the first shard when the connections are gone: where it does not, `done` is called at once.
  void drain(
      Duration bound, io::Task done,
      std::move_only_function<bool()> log_goes_on = [] { return true; });
  /// The volume has failed: stops listening and tells all connections why, without waiting for what
  /// can never be committed; then calls `done`.
  void fail(const std::string& reason, Duration bound, io::Task done);

  /// Publishers on all shards wait from now on, or (empty) no longer.
  void set_alarm(const std::optional<core::Alarm>& alarm);

  // ---- admin::ConnectionsPort ----
  void each_connection(
      core::ShardId shard,
      const std::function<void(const admin::ConnectionStatus&)>& visit) const override {
    shards_[shard.value]->each_connection(visit);
  }

 private:
  struct Serving {
    std::vector<const protocol::Module*> protocols;  // connections refer to it
    std::unique_ptr<io::Listener> listener;
  };

  void accept(std::unique_ptr<io::Accepted> accepted, Protocols protocols);
  void stop_listening();
  void drain_shards(Errc code, const std::string& text, Duration bound, io::Task done);
  /// Runs `work` on every shard; when each has called its `done`, runs `all_done` on shard 0.
  void on_every_shard(const std::function<void(ShardHost&, io::Task done)>& work,
                      io::Task all_done);

  std::vector<ShardHost*> shards_;
  io::Network& network_;
  std::vector<std::unique_ptr<Serving>> serving_;
  std::size_t next_shard_ = 0;
  bool stopping_ = false;
};

}  // namespace naru::server
