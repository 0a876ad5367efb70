#include "tests/sim/world/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/coverage.h"

namespace naru::sim {

using storage::testing::DiskOperation;

World::World(Random& random, const Options& options, Findings& findings)
    : random_(random),
      options_(options),
      disk_(random.next()),
      rot_(disk_, random),
      network_(random, now_, trace_),
      recorder_(findings),
      environment_{
          random,
          now_,
          network_,
          recorder_,
          options.client,
          {.queues = options.queues, .levels = options.levels, .ttls_ms = options.ttls_ms}} {
  auto expiry = std::make_unique<ExpiryIsHonest>(now_, wall_, findings);
  expiry_ = expiry.get();
  recorder_.add(std::move(expiry));
  network_.set_options(options.network);
  network_.on_server_gone([this](const Wire& wire) { recorder_.wire_gone(wire.number); });
}

World::~World() {
  clients_.clear();
  node_ = nullptr;
}

Result<void> World::start_node() {
  heap_before_node_ = broker_heap_bytes();
  was_quiet_ = told_stopping_ = false;
  trouble_at_start_ = disk_.trouble();
  syncs_ = {};
  auto started = begin_node();
  if (!started) node_ = nullptr;
  if (started) rot_.started();
  trace_.note(started ? 1 : 2);
  return started;
}

Result<void> World::begin_node() {
  const Running broker(Runs::broker);
  node_ = std::make_unique<Node>(options_.node, disk_, network_, now_, random_, log_);
  return node_->start();
}

void World::crash(Crash how) {
  // A start that failed may have failed at a sync.
  const bool failed_to_start = node_ == nullptr;
  const bool log_failed =
      failed_to_start ? has_failed_since_start(DiskOperation::sync) : node_->failure().has_value();
  node_ = nullptr;
  if (how == Crash::power_loss) {
    disk_.power_cycle();
  } else {
    disk_.kill_process();
  }
  end_stalls();
  rot_.process_ended();
  // To a start after a crash it may look like a write that was cut off.
  if (how != Crash::clean_stop) heal(false);
  network_.prune();
  recorder_.crash(log_failed ? Crash::power_loss : how);
  trace_.note(static_cast<std::uint64_t>(how) + 10);
}

bool World::stall_a_segment(Duration time) {
  auto names = disk_.list("data/wal");
  if (!names) return false;
  std::erase_if(*names, [](const std::string& name) { return !name.starts_with("seg-"); });
  if (names->empty()) return false;
  disk_.hold(DiskOperation::read, (*names)[random_.below(names->size())]);
  segment_stalls_until_ = now_.mono + time;
  return true;
}

bool World::rot_a_message() {
  if (recorder_.message_count() == 0) return false;
  const Message& message = *recorder_.message(1 + random_.below(recorder_.message_count()));
  const std::size_t fragment_bytes = options_.node.shard.lane.fragment_bytes;
  if (message.body_bytes < Rot::kBodyBytesMin) return false;
  const std::string_view hit = rot_.hit(message, fragment_bytes);
  if (hit.empty()) return false;
  recorder_.tell(&Checker::on_rotten, message.number);
  for (std::size_t number = 1; number <= recorder_.message_count(); ++number) {
    const Message& other = *recorder_.message(number);
    if (number != message.number && Rot::is_part_of(hit, other, fragment_bytes))
      recorder_.tell(&Checker::on_rotten, other.number);
  }
  return true;
}

void World::heal(bool all) {
  const bool was_live = rot_.is_live();
  rot_.heal(all);
  if (was_live && !rot_.is_live()) recorder_.tell(&Checker::on_healed);
}

void World::tell_parked() {
  for (QueueNo queue = 0; queue < options_.queues; ++queue) {
    recorder_.tell(&Checker::on_parked, queue, node_->parked(Topology::queue_name(queue)));
  }
}

void World::tell_expired() {
  for (const Copy& copy : expiry_->may_have_expired()) {
    recorder_.tell(&Checker::on_may_have_expired, copy);
  }
}

void World::retire_clients() {
  for (const auto& client : clients_) client->retire();
}
bool World::clients_are_over() const {
  return std::ranges::all_of(clients_, [](const auto& client) { return client->is_over(); });
}

void World::pass(Duration time) {
  now_.mono += time;
  // Both clocks run; the wall clock in its own unit.
  now_.wall_ms += (now_.mono.time_since_epoch() / std::chrono::milliseconds(1)) -
                  ((now_.mono - time).time_since_epoch() / std::chrono::milliseconds(1));
}

void World::step() {
  pass(Duration(static_cast<std::int64_t>(random_.below(20'000))));
  if (!do_something()) {
    look_for_quiet();
    jump();
  } else {
    was_quiet_ = false;
  }
  if (++steps_ % 64 == 0) {
    sample();
    network_.prune();
  }
  if (node_ != nullptr && node_->is_stopping() && !std::exchange(told_stopping_, true)) {
    recorder_.tell(&Checker::on_stopping);
  }
}

// Starts with a kind of event that chance picks, and takes the next kind that has one.
bool World::do_something() {
  const std::uint64_t first = random_.below(8);
  for (std::uint64_t i = 0; i < 4; ++i) {
    switch ((first / 2 + i) % 4) {
      case 0:
        if (turn_a_loop()) return true;
        break;
      case 1:
        if (complete_an_operation()) return true;
        break;
      case 2:
        if (network_.deliver_one()) return true;
        break;
      default:
        if (step_a_client()) return true;
        break;
    }
  }
  return false;
}

bool World::turn_a_loop() {
  if (node_ == nullptr) return false;
  const std::vector<Loop*>& loops = node_->loops();
  const std::size_t first = random_.below(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const std::size_t chosen = (first + i) % loops.size();
    if (!loops[chosen]->has_work()) continue;
    trace_.note(100 + chosen);
    loops[chosen]->turn();
    if (chosen == 0) watch_syncs();
    return true;
  }
  return false;
}

bool World::complete_an_operation() {
  if (node_ == nullptr || now_.mono < disk_stalls_until_) return false;
  if (now_.mono >= segment_stalls_until_) disk_.release();
  if (!disk_.complete_one()) return false;
  look_at_failure();
  trace_.note(200 + disk_.steps());
  node_->loops().front()->wake();
  return true;
}

// What is written to a segment nobody needs before the manifest lists it; what cannot be removed is
// in nobody's way; and a read may be for a single message.
void World::look_at_failure() {
  const auto failure = disk_.take_failure();
  if (!failure || failure->path.contains("/seg-")) return;
  const DiskOperation operation = failure->operation;
  if (operation == DiskOperation::read || operation == DiskOperation::remove) return;
  recorder_.tell(&Checker::on_log_failure,
                 fmt::format("to {} {}", to_string(operation), failure->path),
                 node_->failure().has_value());
}

bool World::has_failed_since_start(DiskOperation operation) const {
  return disk_.trouble().of(operation) != trouble_at_start_.of(operation);
}

bool World::step_a_client() {
  if (clients_.empty()) return false;
  const std::size_t first = random_.below(clients_.size());
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    const std::size_t chosen = (first + i) % clients_.size();
    if (!clients_[chosen]->has_work()) continue;
    trace_.note(300 + chosen);
    clients_[chosen]->step();
    return true;
  }
  return false;
}

void World::jump() {
  // What waits for the disk may be a delivery that was decided long ago.
  if (node_ == nullptr || disk_.in_flight() == 0) network_.note_calm();
  TimePoint next = network_.next_due();
  for (const auto& client : clients_) next = std::min(next, client->next_deadline());
  if (node_ != nullptr) {
    for (const Loop* loop : node_->loops()) next = std::min(next, loop->deadline());
    if (disk_.in_flight() != 0) {
      const bool stalls = now_.mono < disk_stalls_until_;
      next = std::min(next, stalls ? disk_stalls_until_ : segment_stalls_until_);
    }
  }
  if (next == kNever) next = now_.mono + std::chrono::seconds(1);
  if (next > now_.mono) pass(next - now_.mono);
}

bool World::is_quiet() const {
  if (node_ == nullptr || disk_.dead() || disk_.in_flight() != 0) return false;
  if (node_->has_alarm() || node_->is_stopping() || !node_->is_idle()) return false;
  return network_.is_quiet();
}

// Nothing could happen just now, so all that was sent has been done, unless somebody waits.
void World::look_for_quiet() {
  if (was_quiet_ || !is_quiet()) return;
  was_quiet_ = true;
  trace_.note(400);
  node_->each_orphan(
      [this](const std::string& queue) { recorder_.tell(&Checker::on_outlived, queue); });
  recorder_.quiet();
}

// Behind a turn of the shard that owns the log. One that has failed syncs no more.
void World::watch_syncs() {
  if (node_->failure()) return;
  const Duration interval = options_.node.journal.wal.sync_interval;
  if (syncs_.round == 0) {
    recorder_.tell(&Checker::on_mark);
    syncs_ = {.round = 1, .due = now_.mono + interval};
  } else if (!syncs_.issued) {
    if (now_.mono >= syncs_.due) syncs_.issued = disk_.issued();
  } else if (disk_.completed(*syncs_.issued)) {
    const int done = syncs_.round;
    syncs_ = {.round = done + 1, .due = now_.mono};
    if (done < SyncWatch::kRounds) return;
    recorder_.tell(&Checker::on_stable);
    syncs_ = {};
  }
}

// A sync that fails takes what it was for; that is read back, and is damaged, until the process has
// heard of it and ends. What cannot be read, or opened for that, is parked until it ends.
bool World::may_be_parked() const {
  return rot_.may_be_parked() || has_failed_since_start(DiskOperation::sync) ||
         has_failed_since_start(DiskOperation::read) || has_failed_since_start(DiskOperation::open);
}

void World::sample() {
  if (node_ == nullptr) return;
  recorder_.tell(
      &Checker::on_sample,
      Sample{.uncommitted_bytes = node_->uncommitted_bytes(),
             .uncommitted_bytes_max = options_.uncommitted_bytes_max(),
             .accounted_bytes = node_->accounted_bytes(),
             .accounted_bytes_max = options_.accounted_bytes_max(node_->connection_count()),
             .heap_bytes = counts_heap() ? broker_heap_bytes() - heap_before_node_ : 0,
             .heap_beside_max = options_.heap_beside_max(node_->uncommitted_bytes()),
             .parked = node_->parked(),
             .may_be_parked = may_be_parked()});
}

}  // namespace naru::sim
