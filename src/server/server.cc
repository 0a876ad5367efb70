#include "server/server.h"

#include <algorithm>
#include <iterator>
#include <numeric>
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

void Server::drain(Duration bound, io::Task done) {
  if (std::exchange(stopping_, true)) return;
  auto wait_for_log = [this, done = std::move(done)]() mutable {
    on_every_shard(
        core::ShardId(0), [](ShardHost& shard, io::Task idle) { shard.when_idle(std::move(idle)); },
        std::move(done));
  };
  drain_shards(Errc::unavailable, "the broker is shutting down", bound, std::move(wait_for_log));
}

void Server::fail(const std::string& reason, Duration bound, io::Task done) {
  if (std::exchange(stopping_, true)) return;
  drain_shards(Errc::io, reason, bound, std::move(done));
}

void Server::drain_shards(Errc code, const std::string& text, Duration bound, io::Task done) {
  stop_listening();
  const TimePoint deadline = shards_.front()->now().mono + bound;
  on_every_shard(
      core::ShardId(0),
      [code, text, deadline](ShardHost& shard, io::Task drained) {
        shard.drain(code, text, deadline, std::move(drained));
      },
      std::move(done));
}

void Server::set_alarm(const std::string& reason) {
  for (ShardHost* shard : shards_) {
    shard->loop().post(
        [shard, reason] { shard->broker().set_alarm(reason.empty() ? nullptr : &reason); });
  }
}

void Server::connections(core::ShardId asker,
                         std::move_only_function<void(std::vector<ConnectionInfo>)> done) {
  // Each shard fills its own part.
  auto parts = std::make_shared<std::vector<std::vector<ConnectionInfo>>>(shards_.size());
  const auto collect = [parts](ShardHost& shard, io::Task collected) {
    (*parts)[shard.id().value] = shard.connections();
    collected();
  };
  on_every_shard(asker, collect, [parts, done = std::move(done)]() mutable {
    std::vector<ConnectionInfo> all;
    for (std::vector<ConnectionInfo>& part : *parts) {
      std::ranges::move(part, std::back_inserter(all));
    }
    done(std::move(all));
  });
}

void Server::close_connection(core::ShardId asker, std::string name, std::string text,
                              std::move_only_function<void(std::size_t)> done) {
  auto counts = std::make_shared<std::vector<std::size_t>>(shards_.size());
  const auto close = [counts, name = std::move(name), text = std::move(text)](ShardHost& shard,
                                                                              io::Task closed) {
    (*counts)[shard.id().value] = shard.close(name, text);
    closed();
  };
  on_every_shard(asker, close, [counts, done = std::move(done)]() mutable {
    done(std::accumulate(counts->begin(), counts->end(), std::size_t{0}));
  });
}

void Server::on_every_shard(core::ShardId asker,
                            const std::function<void(ShardHost&, io::Task done)>& work,
                            io::Task all_done) {
  struct Waiting {
    std::size_t left;
    io::Task all_done;
  };
  auto waiting = std::make_shared<Waiting>(shards_.size(), std::move(all_done));
  ShardHost& home = *shards_[asker.value];
  for (ShardHost* shard : shards_) {
    shard->loop().post([shard, &home, waiting, work] {
      work(*shard, [&home, waiting] {
        // Touched on the asker's shard only.
        home.loop().post([waiting] {
          if (--waiting->left == 0) waiting->all_done();
        });
      });
    });
  }
}

}  // namespace naru::server
