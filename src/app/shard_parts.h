#pragma once
/// Everything of one shard.

#include <memory>
#include <thread>

#include "app/config.h"
#include "base/log.h"
#include "base/random.h"
#include "core/shard.h"
#include "io/asio/loop.h"
#include "io/asio/network.h"
#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"
#include "security/pooled_authenticator.h"
#include "server/core_broker.h"
#include "server/memory_shares.h"
#include "server/shard_host.h"

namespace naru::app {

/// Members are built top to bottom; core and broker when the journal is there (node.cc).
struct ShardParts {
  ShardParts(core::ShardId id, const Config& config, const server::MemoryShares& memory,
             io::asio_impl::ThreadPool& background, server::ShardMail& mail, Logger& log);

  io::asio_impl::Loop loop;
  Random random;
  io::asio_impl::PoolWorkers workers;
  io::asio_impl::TcpNetwork network;
  security::PooledAuthenticator authenticator;
  server::ShardMailLink link;
  std::unique_ptr<core::Shard> core;
  std::unique_ptr<server::CoreBroker> broker;
  std::unique_ptr<server::ShardHost> host;
  std::thread thread;  // of shards other than 0, which runs on the main thread
};

}  // namespace naru::app
