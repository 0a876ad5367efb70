#include "tests/sim/world/node.h"

#include <algorithm>
#include <utility>

namespace naru::sim {

Node::Node(const NodeOptions& options, io::FileSystem& disk, Internet& network, const Now& now,
           Random& random, Logger& log)
    : options_(options),
      disk_(disk),
      now_(now),
      random_(random),
      log_(log),
      amqp_(options.amqp),
      mail_(options.shards) {
  for (std::uint16_t i = 0; i < options.shards; ++i) {
    shards_.push_back(
        std::make_unique<Part>(core::ShardId(i), options, mail_, network, now, random, log));
    loops_.push_back(&shards_.back()->loop);
  }
}

Node::~Node() {
  // In the order of app/node.cc.
  disk_watch_ = nullptr;
  memory_ = nullptr;
  server_ = nullptr;
  for (auto& shard : shards_) shard->host = nullptr;
  for (auto& shard : shards_) {
    shard->broker = nullptr;
    shard->core = nullptr;
  }
}

void Node::build_shards() {
  journal_ = std::make_unique<cluster::JournalLocal>(disk_, options_.journal, options_.shards,
                                                     *this, *this, log_);
  std::vector<server::ShardHost*> hosts;
  std::vector<core::Shard*> replicas;
  for (std::uint16_t i = 0; i < options_.shards; ++i) {
    Part& part = *shards_[i];
    const core::ShardId id(i);
    core::Shard::Options shard = options_.shard;
    shard.id = id;
    shard.shard_count = options_.shards;
    part.core =
        std::make_unique<core::Shard>(shard, journal_->on_shard(id), part.link, part.authenticator,
                                      random_, security::TokenKey{}, log_, now_);
    part.broker = std::make_unique<server::CoreBroker>(*part.core, *journal_, mail_);
    part.host->attach(*part.broker);
    mail_.attach(id, part.loop, [core = part.core.get()](std::vector<core::ShardTask>& tasks) {
      for (core::ShardTask& task : tasks) task(*core);
    });
    replicas.push_back(part.core.get());
    hosts.push_back(part.host.get());
  }
  for (auto& part : shards_) part->core->set_replicas(replicas);
  server_ = std::make_unique<server::Server>(hosts, shards_[0]->network);
}

Result<void> Node::start() {
  NARU_TRY_VOID(disk_.make_directory("data", 0700));
  NARU_TRY_VOID(disk_.sync_directory("."));
  build_shards();
  NARU_TRY_VOID(journal_->recover(random_));
  if (core::Shard& zero = *shards_[0]->core; zero.is_new()) {
    zero.bootstrap("rig:guest");
    (void)zero.flush();
    NARU_TRY_VOID(journal_->commit_now());
  }
  for (auto& part : shards_) part->core->start();
  NARU_TRY_VOID(server_->listen({"127.0.0.1", 5672}, {&amqp_}));
  watch();
  for (auto& part : shards_) part->loop.wake();
  return {};
}

// The kernel and the volume of app/node.cc: here the sum of the terms decides, and the disk
// answers.
void Node::watch() {
  Part& home = *shards_[0];
  if (options_.disk_free_min != 0) {
    disk_watch_ = std::make_unique<server::DiskWatch>(
        *home.host, home.workers,
        server::DiskWatchOptions{.path = "data", .free_bytes_min = options_.disk_free_min},
        [this](const std::string& path) { return disk_.space(path); },
        [this](const std::string& reason) {
          disk_alarm_ = reason;
          set_alarm();
        });
    disk_watch_->start();
  }
  if (options_.memory_limit_bytes != 0) {
    std::vector<server::ShardHost*> hosts;
    for (auto& part : shards_) hosts.push_back(part->host.get());
    memory_ = std::make_unique<server::MemoryWatch>(
        std::move(hosts), home.workers, options_.memory_limit_bytes,
        server::MemoryProbes{.resident = [] { return std::nullopt; }, .give_back = [] {}},
        [this](core::MemoryStep step) {
          ++memory_steps_[std::to_underlying(step)];
          set_alarm();
        });
    memory_->start();
  }
}

void Node::stop() {
  if (std::exchange(stopping_, true)) return;
  const Running broker(Runs::broker);
  server_->drain(std::chrono::seconds(5), [this] {
    journal_->close();
    shards_[0]->host->when_idle([this] { stopped_ = true; });
  });
}

void Node::post(core::ShardId shard, io::Task task) {
  shards_[shard.value]->loop.post(std::move(task));
}

void Node::on_volume_failed(const Error& error) {
  failure_ = error;
  if (std::exchange(stopping_, true)) {
    stopped_ = true;
    return;
  }
  server_->fail("the disk failed", std::chrono::seconds(2), [this] { stopped_ = true; });
}

void Node::on_space(storage::LogSpace space) {
  space_short_ = space != storage::LogSpace::enough;
  set_alarm();
}

void Node::set_alarm() {
  std::optional<core::Alarm> alarm;
  if (space_short_) {
    alarm = core::Alarm{"there is no room for the log", true};
  } else if (memory_step() >= core::MemoryStep::stop) {
    alarm = core::Alarm{.reason = "low on memory", .lets_finish = disk_alarm_.empty()};
  } else if (!disk_alarm_.empty()) {
    alarm = core::Alarm{disk_alarm_, false};
  }
  alarm_ = alarm.has_value();
  server_->set_alarm(alarm);
}

core::MemoryStep Node::memory_step() const {
  return memory_ == nullptr ? core::MemoryStep::normal : memory_->step();
}

std::uint64_t Node::accounted_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& part : shards_) sum += part->host->memory().sum();
  return sum;
}

std::size_t Node::connection_count() const {
  std::size_t count = 0;
  for (const auto& part : shards_) count += part->host->connection_count();
  return count;
}

core::LaneMemory Node::lanes() {
  core::LaneMemory sum;
  for (std::uint32_t id = 1; id <= core::kLaneCount; ++id) {
    const core::LaneMemory one = lane(core::GroupId(id)).memory();
    sum.pages += one.pages;
    sum.pages_out += one.pages_out;
  }
  return sum;
}

core::Lane& Node::lane(core::GroupId id) {
  return shards_[shards_[0]->core->shard_of_lane(id).value]->core->lane(id);
}

bool Node::is_idle() const {
  return std::ranges::all_of(
      shards_, [](const auto& part) { return !part->loop.has_work() && part->broker->is_idle(); });
}

std::size_t Node::uncommitted_bytes() const {
  std::size_t most = 0;
  for (const auto& part : shards_) {
    most = std::max(most, part->core->journal().uncommitted_bytes());
  }
  return most;
}

void Node::each_orphan(const std::function<void(const std::string&)>& visit) {
  shards_[0]->core->catalog().each_queue([&](const core::QueueInfo& queue) {
    const core::ConnectionId owner = queue.exclusive_owner;
    if (!owner) return;
    core::Shard& home = *shards_[core::shard_of(owner).value]->core;
    if (home.find_client(owner) == nullptr) visit(queue.name);
  });
}

std::uint64_t Node::parked(std::string_view name) {
  std::uint64_t count = 0;
  shards_[0]->core->catalog().each_queue([&](const core::QueueInfo& queue) {
    if (!name.empty() && queue.name != name) return;
    if (const auto stats = lane(queue.ref.lane).stats(queue.ref.id)) count += stats->damaged;
  });
  return count;
}

std::map<std::string, std::uint64_t> Node::sizes() {
  std::map<std::string, std::uint64_t> all;
  shards_[0]->core->catalog().each_queue([&](const core::QueueInfo& queue) {
    const auto stats = lane(queue.ref.lane).stats(queue.ref.id);
    if (stats) all[queue.name] = stats->ready + stats->damaged;
  });
  return all;
}

std::string Node::describe_connections() const {
  std::string text = fmt::format("memory {}", to_string(memory_step()));
  for (const auto& part : shards_) {
    part->host->each_connection([&](const admin::ConnectionStatus& connection) {
      text += fmt::format("; {}: {}", connection.name, connection.state);
    });
  }
  return text;
}

}  // namespace naru::sim
