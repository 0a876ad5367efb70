#include "app/node.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>

#include "app/log_lack.h"
#include "app/node_parts.h"
#include "app/version.h"
#include "io/asio/listener.h"
#include "security/password.h"

namespace naru::app {

namespace {

cluster::JournalOptions journal_options(const Config& config, const server::MemoryShares& memory) {
  cluster::JournalOptions options;
  options.wal.directory = config.data_dir + "/wal";
  options.wal.file_bytes = static_cast<std::uint32_t>(config.storage_wal_file_bytes);
  options.wal.cache_bytes = memory.cache_bytes_max;
  options.wal.table_cache_bytes = memory.table_bytes_max;
  options.wal.sync_interval = std::chrono::milliseconds(config.storage_sync_interval_ms);
  options.wal.writes_in_flight = static_cast<std::uint32_t>(config.storage_writes_in_flight);
  return options;
}

}  // namespace

constexpr std::string_view kGuestPassword = "guest";  // of the account that the first start makes

Node::Parts::Parts(const Config& settings, std::uint64_t open_files_max, Logger& logger)
    : config(settings),
      log(logger),
      shard_count(static_cast<std::uint16_t>(settings.server_shards)),
      open_files(share_open_files(open_files_max, settings.server_connections_max)),
      memory(settings, logger),
      slots(open_files.connections_max),
      mail(shard_count),
      protocols(settings),
      disk_pool(
          {.name = "naru-disk", .thread_count = static_cast<unsigned>(settings.storage_threads)}),
      background({.name = "naru-work",
                  .thread_count = static_cast<unsigned>(settings.server_background_threads),
                  .queued_max = 4096,
                  .nice = 5}) {
  for (std::uint16_t i = 0; i < shard_count; ++i) {
    shards.push_back(std::make_unique<ShardParts>(core::ShardId(i), config, memory.shares(),
                                                  background, mail, log));
    shards.back()->host->limit(slots);
  }
  disk_workers = std::make_unique<io::asio_impl::PoolWorkers>(shards[0]->loop, disk_pool);
  files = std::make_unique<io::asio_impl::PosixFileSystem>(shards[0]->loop, disk_pool);
}

Node::Parts::~Parts() {
  signals = nullptr;
  watch = nullptr;
  memory.stop();
  http = nullptr;
  api = nullptr;
  server = nullptr;
  for (auto& shard : shards) shard->host = nullptr;  // connections let go of the broker
  for (auto& shard : shards) {
    shard->broker = nullptr;
    shard->core = nullptr;
  }
}

std::vector<server::ShardHost*> Node::Parts::hosts() const {
  std::vector<server::ShardHost*> hosts;
  for (const auto& shard : shards) hosts.push_back(shard->host.get());
  return hosts;
}

// ---- Start -----------------------------------------------------------------------------------

/// Says what to do about an address that cannot be had.
static Error explained(Error error, const io::Endpoint& at, std::string_view protocol) {
  switch (error.code) {
    case Errc::already_exists:
      return {error.code, fmt::format("{} is in use by another process: stop that one, or choose "
                                      "another address with listeners.{}",
                                      at.to_string(), protocol)};
    case Errc::access_refused:
      return {error.code, fmt::format("{}: ports below 1024 are for root and those with "
                                      "CAP_NET_BIND_SERVICE; choose another with listeners.{}",
                                      error.what, protocol)};
    default:
      return {error.code,
              fmt::format("{}; listeners.{} takes addresses of this machine, or 0.0.0.0 "
                          "or [::] for all of them",
                          error.what, protocol)};
  }
}

/// A start that could not listen makes no log and leaves no trace in one.
Result<void> Node::Parts::probe_addresses() {
  const auto probe = [&](const io::Endpoint& at, std::string_view protocol) -> Result<void> {
    auto had = io::asio_impl::TcpListener::probe(shards[0]->loop, at);
    if (!had) return std::unexpected(explained(std::move(had).error(), at, protocol));
    return {};
  };
  for (const ListenerGroup& group : protocols.listeners()) {
    for (const io::Endpoint& at : group.at) NARU_TRY_VOID(probe(at, group.module->name()));
  }
  for (const io::Endpoint& at : config.listeners_http) NARU_TRY_VOID(probe(at, "http"));
  return {};
}

Result<void> Node::Parts::take_directory() {
  auto taken = DataDirectory::take(*files, config.data_dir, log);
  if (!taken) return std::unexpected(how_to_mend(std::move(taken).error(), config.data_dir));
  directory.emplace(std::move(*taken));
  return {};
}

Result<void> Node::Parts::recover() {
  // The hash takes longer than all the rest of a first start, so it is made beside that.
  std::future<Result<std::string>> first_hash;
  if (!files->open(config.data_dir + "/wal/manifest", {.write = false})) {
    first_hash =
        std::async(std::launch::async, [] { return security::hash_password(kGuestPassword); });
  }
  journal = std::make_unique<cluster::JournalLocal>(
      *files, journal_options(config, memory.shares()), shard_count, *this, *this, log);
  std::vector<core::Shard*> replicas;
  for (std::uint16_t i = 0; i < shard_count; ++i) {
    ShardParts& shard = *shards[i];
    const core::ShardId id(i);
    shard.core = std::make_unique<core::Shard>(
        core::Shard::Options{.id = id,
                             .shard_count = shard_count,
                             .uncommitted_bytes_max = memory.shares().uncommitted_bytes_max,
                             .changes_bytes_max = memory.shares().changes_bytes_max,
                             .connection_credit_bytes = memory.shares().connection_credit_bytes,
                             .connection_leases_max = memory.shares().connection_leases_max,
                             .transaction_targets_max = memory.shares().transaction_targets_max,
                             .waiting_reply_bytes_max = memory.shares().direct_reply_bytes_max},
        journal->on_shard(id), shard.link, shard.authenticator, shard.random,
        security::new_token_key(), log, shard.loop.now());
    shard.broker = std::make_unique<server::CoreBroker>(*shard.core, *journal, mail);
    shard.host->attach(*shard.broker);
    mail.attach(id, shard.loop, [core = shard.core.get()](std::vector<core::ShardTask>& tasks) {
      for (core::ShardTask& task : tasks) task(*core);
    });
    replicas.push_back(shard.core.get());
  }
  for (auto& shard : shards) shard->core->set_replicas(replicas);
  server = std::make_unique<server::Server>(hosts(), shards[0]->network);
  NARU_TRY_VOID(journal->recover(shards[0]->random));
  if (shards[0]->core->is_new()) {
    NARU_TRY_VOID(make_first_account(std::move(first_hash)));
    guest_has_first_password = true;
  } else if (const auto* guest = shards[0]->core->catalog().find_user("guest")) {
    guest_has_first_password = security::verify_password(guest->password_hash, kGuestPassword);
  }
  for (auto& shard : shards) shard->core->start();
  return {};
}

/// Before anybody is listened to: who connects as soon as an address is printed can log in.
Result<void> Node::Parts::make_first_account(std::future<Result<std::string>> made) {
  NARU_TRY(hash, made.valid() ? made.get() : security::hash_password(kGuestPassword));
  core::Shard& zero = *shards[0]->core;
  zero.bootstrap(std::move(hash));
  (void)zero.flush();
  return journal->commit_now();
}

Result<void> Node::Parts::listen() {
  if (protocols.listeners().empty()) log.warn("built without protocols: only HTTP is served");
  for (const ListenerGroup& group : protocols.listeners()) {
    for (const io::Endpoint& at : group.at) {
      auto bound = server->listen(at, {group.module});
      if (!bound) return std::unexpected(explained(bound.error(), at, group.module->name()));
      listening.push_back({std::string(group.module->name()), *bound});
    }
  }
  NARU_TRY_VOID(listen_http());
  if (listening.empty()) log.warn("nobody can reach this broker: listeners.* name no address");
  return {};
}

Result<void> Node::Parts::listen_http() {
  ShardParts& zero = *shards[0];
  api = std::make_unique<admin::HttpApi>(
      *zero.core, *server, status, protocols.message_format(),
      admin::Identity{.product = config.amqp_product,
                      .naru_version = std::string(kVersion),
                      .compatible_version = std::string(kCompatibleVersion)},
      admin::HttpApiLimits{.listings_bytes_max = memory.shares().http_listings_bytes_max,
                           .parsed_body_bytes_max = memory.shares().http_parsed_bytes_max,
                           .import_bytes_max = memory.shares().http_import_bytes_max,
                           .messages_bytes_max = memory.shares().http_messages_bytes_max});
  http = std::make_unique<io::asio_impl::StreamHttpServer>(
      zero.loop, zero.network, *api,
      io::HttpLimits{.bodies_bytes_max = memory.shares().http_bodies_bytes_max,
                     .unsent_bytes_max = memory.shares().http_unsent_bytes_max,
                     .connections_max = open_files.http_connections_max},
      &log);
  http_part = std::make_unique<HttpPart>(*http, *api);
  zero.host->add(*http_part);
  for (const io::Endpoint& at : config.listeners_http) {
    auto bound = http->listen(at);
    if (!bound) return std::unexpected(explained(bound.error(), at, "http"));
    listening.push_back({"http", *bound});
  }
  return {};
}

void Node::Parts::fill_status(admin::NodeStatus& it) const {
  for (const Listening& listener : listening) {
    it.listeners.push_back({listener.protocol, listener.at.host, listener.at.port});
  }
  // By the wall clock as it goes now: it may have jumped since.
  const Now& now = shards[0]->loop.now();
  it.started_at_ms = now.wall_ms - (now.mono - started_at) / std::chrono::milliseconds(1);
  it.disk_free_bytes = watch->space().free_bytes;
  it.disk_free_bytes_min = config.disk_free_min;
  it.connections_max = slots.now_most();
  it.http_connections = http ? http->connection_count() : 0;
  it.http_connections_max = open_files.http_connections_max;
  if (journal->space() != storage::LogSpace::enough) {
    const LogLackText lack = log_lack_text(journal->lack());
    it.log_lacks = fmt::format("{}; {}", lack.what, lack.remedy);
  }
  it.disk_alarm = journal->space() != storage::LogSpace::enough || !watch_alarm.empty();
  it.log_full = log_is_full();
  it.storage = journal->figures();
  memory.fill(it);
  if (it.log_full) it.not_ready = "the log is full: " + it.log_lacks;
  if (stopping) it.not_ready = failure.empty() ? "stopping" : failure;
}

void Node::Parts::watch_disk() {
  watch = std::make_unique<server::DiskWatch>(
      *shards[0]->host, *disk_workers,
      server::DiskWatchOptions{.path = config.data_dir, .free_bytes_min = config.disk_free_min},
      [this](const std::string& path) { return files->space(path); },
      [this](const std::string& reason) {
        watch_alarm = reason;
        set_alarm();
      });
  watch->start();
}

// ---- Node ------------------------------------------------------------------------------------

std::vector<int> stop_signals() {
  return io::asio_impl::without_ignored({SIGTERM, SIGINT, SIGHUP});
}

Node::Node(Config config, Logger& log) : config_(std::move(config)), log_(log) {}

Node::~Node() = default;

Result<void> Node::start() {
  security::initialise();
  const std::uint64_t open_files_max = raise_open_files_limit();
  parts_ = std::make_unique<Parts>(config_, open_files_max, log_);
  log_.debug("limit on open files {}: room for {} connections, and {} of HTTP", open_files_max,
             parts_->open_files.connections_max, parts_->open_files.http_connections_max);
  parts_->started_at = parts_->shards[0]->loop.now().mono;
  // Nobody is served yet, so a signal simply ends a start that takes long. The threads made above
  // keep signals blocked.
  io::asio_impl::unblock_signals(stop_signals());
  // Whose directory it is tells more than whose ports they are; but a start that fails makes none.
  const bool is_new = !DataDirectory::exists(config_.data_dir);
  if (is_new) NARU_TRY_VOID(parts_->probe_addresses());
  NARU_TRY_VOID(parts_->take_directory());
  if (!is_new) NARU_TRY_VOID(parts_->probe_addresses());
  if (auto recovered = parts_->recover(); !recovered) {
    return std::unexpected(how_to_mend(std::move(recovered.error()), config_.data_dir));
  }
  io::asio_impl::block_signals(stop_signals());
  parts_->directory->note_log();
  NARU_TRY_VOID(parts_->listen());
  parts_->watch_disk();
  parts_->memory.watch(parts_->hosts(), parts_->shards[0]->workers,
                       [parts = parts_.get()](core::MemoryStep) { parts->set_alarm(); });
  parts_->directory->keep_reserve();
  return {};
}

bool Node::guest_has_first_password() const {
  return parts_->guest_has_first_password;
}

const std::vector<Node::Listening>& Node::listening() const {
  return parts_->listening;
}

int Node::run() {
  parts_->signals = std::make_unique<io::asio_impl::Signals>(
      parts_->shards[0]->loop, stop_signals(),
      [parts = parts_.get()](int number) { parts->on_signal(number); });
  for (std::size_t i = 1; i < parts_->shards.size(); ++i) {
    ShardParts& shard = *parts_->shards[i];
    shard.thread = std::thread([&shard] { shard.loop.run(); });
  }
  parts_->shards[0]->loop.run();
  for (std::size_t i = 1; i < parts_->shards.size(); ++i) parts_->shards[i]->thread.join();
  if (parts_->cut_short) {
    // Files cannot be closed under the calls, whose answers nobody hears any more; and nothing in
    // memory is needed, as after a kill.
    log_.flush();
    std::fflush(stdout);
    std::_Exit(parts_->exit_code);
  }
  return parts_->exit_code;
}

}  // namespace naru::app
