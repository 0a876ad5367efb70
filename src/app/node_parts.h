#pragma once
/// What a running broker consists of. Included by node.cc and node_stop.cc alone.

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/http_api.h"
#include "app/data_directory.h"
#include "app/http_part.h"
#include "app/node.h"
#include "app/node_memory.h"
#include "app/node_status.h"
#include "app/open_files.h"
#include "app/protocols.h"
#include "app/shard_parts.h"
#include "cluster/journal_local.h"
#include "io/asio/file_system.h"
#include "io/asio/http_server.h"
#include "io/asio/signals.h"
#include "server/disk_watch.h"
#include "server/server.h"

namespace naru::app {

/// Built top to bottom and taken down in reverse. Owned by shard 0's thread once the loops run.
struct Node::Parts final : cluster::ShardPost, cluster::VolumeClient {
  Parts(const Config& settings, std::uint64_t open_files_max, Logger& logger);
  ~Parts() override;

  Result<void> probe_addresses();
  Result<void> take_directory();
  Result<void> recover();
  Result<void> make_first_account(std::future<Result<std::string>> made);
  Result<void> listen();
  Result<void> listen_http();
  void fill_status(admin::NodeStatus& status) const;
  /// Nothing commits before the log gets another file.
  bool log_is_full() const { return journal->space() == storage::LogSpace::none; }
  void watch_disk();
  void on_signal(int number);
  void end_with_full_log();
  void stop_loops();
  void set_alarm();
  std::vector<server::ShardHost*> hosts() const;

  // ---- cluster::ShardPost, cluster::VolumeClient ----
  void post(core::ShardId shard, io::Task task) override {
    shards[shard.value]->loop.post(std::move(task));
  }
  void on_volume_failed(const Error& error) override;
  void on_space(storage::LogSpace space) override;

  const Config& config;
  Logger& log;
  const std::uint16_t shard_count;
  const OpenFilesShares open_files;
  NodeMemory memory;
  server::ConnectionSlots slots;  // outlive the connections
  server::ShardMail mail;
  Protocols protocols;
  std::vector<std::unique_ptr<ShardParts>> shards;
  // Destroyed, and so joined, before the loops they report to.
  io::asio_impl::ThreadPool disk_pool;
  io::asio_impl::ThreadPool background;
  std::unique_ptr<io::asio_impl::PoolWorkers> disk_workers;  // no password check is in the way
  std::unique_ptr<io::asio_impl::PosixFileSystem> files;
  std::optional<DataDirectory> directory;
  std::unique_ptr<cluster::JournalLocal> journal;
  std::unique_ptr<server::Server> server;
  std::unique_ptr<server::DiskWatch> watch;
  ProcessStatus status{[this](admin::NodeStatus& it) { fill_status(it); },
                       [this] { return log_is_full(); }};
  std::unique_ptr<admin::HttpApi> api;
  std::unique_ptr<io::asio_impl::StreamHttpServer> http;
  std::unique_ptr<HttpPart> http_part;
  std::unique_ptr<io::asio_impl::Signals> signals;
  std::vector<Listening> listening;
  std::string watch_alarm;
  TimePoint started_at{};
  bool guest_has_first_password = false;
  std::string failure;  // why it stops, if the log failed
  bool stopping = false;
  bool log_is_waited_for = false;  // the connections are gone
  bool cut_short = false;          // calls may be under way on the disk when the loops stop
  int exit_code = 0;
};

}  // namespace naru::app
