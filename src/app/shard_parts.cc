#include "app/shard_parts.h"

#include <algorithm>
#include <random>

namespace naru::app {

namespace {

std::uint64_t machine_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) ^ device();
}

/// The threads are shared by all shards.
security::AuthenticatorLimits authenticator_limits(const Config& config) {
  security::AuthenticatorLimits limits;
  limits.at_once = config.server_background_threads;
  limits.waiting_max = std::max<std::size_t>(
      8, limits.waiting_max * config.server_background_threads / config.server_shards);
  return limits;
}

}  // namespace

ShardParts::ShardParts(core::ShardId id, const Config& config, const server::MemoryShares& memory,
                       io::asio_impl::ThreadPool& background, server::ShardMail& mail, Logger& log)
    : random(machine_seed()),
      workers(loop, background),
      network(loop, &workers, &log),
      authenticator(
          [this](auto work, auto done) { return workers.submit(std::move(work), std::move(done)); },
          authenticator_limits(config)),
      link(mail, id),
      host(std::make_unique<server::ShardHost>(
          id, loop, network, random, log,
          server::ConnectionLimits{
              .handshake = std::chrono::milliseconds(config.server_handshake_ms),
              .strangers_bytes_max = memory.strangers_bytes_max,
              .input_bytes_max = memory.input_bytes_max,
              .one_input_bytes_max = memory.one_input_bytes_max,
              .loose_input_bytes_max = memory.loose_input_bytes_max,
              .turn_read_bytes_max = memory.turn_read_bytes_max,
              .memory_reported_bytes = memory.reported_bytes,
              .output_high_bytes = memory.output_high_bytes})) {}

}  // namespace naru::app
