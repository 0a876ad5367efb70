#include "server/server.h"

#include <utility>

namespace naru::server {

Server::Server(std::vector<ShardHost*> shards, io::Network& network)
    : shards_(std::move(shards)), network_(network) {}

Server::~Server() = default;

Result<io::Endpoint> Server::listen(const io::Endpoint& at,
                                    std::vector<const protocol::Module*> protocols) {
  auto serving = std::make_unique<Serving>();
  serving->protocols = std::move(protocols);
  NARU_TRY(listener, network_.listen(at, [this, &all = serving->protocols](
                                             std::unique_ptr<io::Accepted> accepted) {
    accept(std::move(accepted), all);
  }));
  serving->listener = std::move(listener);
  serving_.push_back(std::move(serving));
  return serving_.back()->listener->local();
}

void Server::accept(std::unique_ptr<io::Accepted> accepted, Protocols protocols) {
  ShardHost& shard = *shards_[next_shard_++ % shards_.size()];
  if (&shard == shards_.front()) return shard.adopt(std::move(accepted), protocols);
  shard.loop().post([&shard, accepted = std::move(accepted), protocols]() mutable {
    shard.adopt(std::move(accepted), protocols);
  });
}

void Server::stop_listening() {
  // What they serve stays: connections refer to it.
  for (const auto& serving : serving_) serving->listener.reset();
}

void Server::drain(Duration bound, io::Task done, std::move_only_function<bool()> log_goes_on) {
  if (std::exchange(stopping_, true)) return;
  auto wait_for_log = [this, done = std::move(done), goes_on = std::move(log_goes_on)]() mutable {
    if (!goes_on()) return done();
    on_every_shard(
        [](ShardHost& shard, io::Task idle) {
          shard.when_idle([&shard, idle = std::move(idle)]() mutable {
            shard.broker().freeze();
            idle();
          });
        },
        std::move(done));
  };
  drain_shards(Errc::unavailable, "broker forced connection closure with reason 'shutdown'", bound,
               std::move(wait_for_log));
}

void Server::fail(const std::string& reason, Duration bound, io::Task done) {
  if (std::exchange(stopping_, true)) return;
  drain_shards(Errc::io, reason, bound, std::move(done));
}

void Server::drain_shards(Errc code, const std::string& text, Duration bound, io::Task done) {
  stop_listening();
  const TimePoint deadline = shards_.front()->now().mono + bound;
  on_every_shard(
      [code, text, deadline](ShardHost& shard, io::Task drained) {
        shard.drain(code, text, deadline, std::move(drained));
      },
      [this, done = std::move(done)]() mutable {
        std::size_t dropped = 0;
        for (const ShardHost* shard : shards_) dropped += shard->dropped_at_stop();
        if (dropped != 0) {
          shards_.front()->log().warn("clients that did not answer in time are dropped: {}",
                                      dropped);
        }
        done();
      });
}

void Server::set_alarm(const std::optional<core::Alarm>& alarm) {
  for (ShardHost* shard : shards_) {
    shard->loop().post([shard, alarm] { shard->broker().set_alarm(alarm ? &*alarm : nullptr); });
  }
}

void Server::on_every_shard(const std::function<void(ShardHost&, io::Task done)>& work,
                            io::Task all_done) {
  struct Waiting {
    std::size_t left;
    io::Task all_done;
  };
  auto waiting = std::make_shared<Waiting>(shards_.size(), std::move(all_done));
  ShardHost& home = *shards_.front();
  for (ShardHost* shard : shards_) {
    shard->loop().post([shard, &home, waiting, work] {
      work(*shard, [&home, waiting] {
        // Touched on shard 0 only.
        home.loop().post([waiting] {
          if (--waiting->left == 0) waiting->all_done();
        });
      });
    });
  }
}

}  // namespace naru::server
