#include "tests/sim/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "tests/sim/clients/drainer.h"
#include "tests/sim/clients/manager.h"
#include "tests/sim/clients/visitor.h"
#include "tests/sim/narrator.h"
#include "tests/sim/world/world.h"

namespace naru::sim {

namespace {

/// The phases of a run: the topology is built; rounds of work under faults, each ended by some end
/// of the process and a recovery; then everything is healed and drained.
class Run {
 public:
  Run(std::uint64_t seed, MessageNo about)
      : random_(seed), options_(draw_options(random_)), world_(random_, options_, findings_) {
    if (about == 0) return;
    world_.recorder().add(std::make_unique<Narrator>(about, world_.now(), findings_));
  }

  Outcome operator()() {
    go();
    Outcome outcome;
    if (findings_.any()) {
      outcome.checker = findings_.first().checker;
      outcome.what = findings_.first().what;
    }
    outcome.hash = world_.trace().hash();
    outcome.coverage = coverage_;
    outcome.coverage.done = world_.environment().done;
    return outcome;
  }

 private:
  // Far above what any run needs: reaching it means that something hangs.
  static constexpr std::uint64_t kPatience = 400'000;

  void go() {
    start();
    build();
    for (std::uint32_t round = 0; round < options_.rounds && !findings_.any(); ++round) {
      work();
      relieve_who_is_blocked();
      end_process();
      recover();
    }
    if (!findings_.any()) finish();
  }

  bool step() {
    world_.step();
    ++coverage_.steps;
    return !findings_.any();
  }
  /// Steps until `done`; false when something was found first, or nothing came of it.
  template <typename Done>
  bool until(const char* what, Done&& done) {
    for (std::uint64_t left = kPatience; left > 0; --left) {
      if (done()) return true;
      if (!step()) return false;
      revive();
    }
    stuck(what);
    return false;
  }

  void stuck(const char* what) {
    world_.recorder().tell(
        &Checker::on_stuck,
        fmt::format("waited for {} for {} steps; there is: {}", what, kPatience,
                    world_.node() == nullptr ? "no process" : world_.node()->describe()));
  }

  void start() {
    auto started = world_.start_node();
    if (!started && world_.rot().is_live()) {
      refused(started.error());
      world_.heal(true);
      started = world_.start_node();
    }
    if (!started) findings_.add("start", started.error().what);
  }

  /// Says which file, where in it unless all of it is missing, and what to do about it.
  void refused(const Error& error) {
    ++coverage_.refused_starts;
    static const std::regex kRefusal(
        "data/wal/[-a-z0-9]+: (.*offset [0-9]+.*|missing.*); .*(from a backup|to start empty|start "
        "the (older|newer) program that wrote it).*");
    if (!std::regex_match(error.what, kRefusal)) {
      findings_.add("a refused start says where and what to do", error.what);
    }
  }

  void build() {
    Manager& manager = world_.add<Manager>();
    if (!until("the topology", [&] { return manager.is_done(); })) return;
    for (const auto& habits : options_.publishers) world_.add<Publisher>(habits);
    for (const auto& habits : options_.consumers) world_.add<Consumer>(habits);
    for (int number = 0; number < options_.visitors; ++number) world_.add<Visitor>(number);
  }

  void work() {
    const std::uint64_t steps = 1 + random_.below(options_.steps_per_round);
    for (std::uint64_t left = steps; left > 0 && step(); --left) {
      fault();
      revive();
    }
  }

  bool now_and_then(std::uint32_t once_in) { return once_in != 0 && random_.one_in(once_in); }

  void fault() {
    const FaultOptions& faults = options_.faults;
    storage::testing::FakeDisk& disk = world_.disk();
    if (now_and_then(faults.disk_stalls)) {
      ++coverage_.stalls;
      world_.stall_disk(Duration(static_cast<std::int64_t>(random_.below(200'000'000))));
    }
    if (now_and_then(faults.disk_fills)) {
      ++coverage_.full_disks;
      disk_full_ = !disk_full_;
      disk.set_capacity(disk_full_ ? disk.used_bytes() + random_.below(faults.free_bytes_max + 1)
                                   : kPlenty);
    }
    if (now_and_then(faults.write_fails)) {
      disk.fail_nth(storage::testing::DiskOperation::write, 1 + random_.below(4));
    }
    if (now_and_then(faults.sync_fails)) {
      disk.fail_nth(storage::testing::DiskOperation::sync, 1 + random_.below(4));
    }
    if (now_and_then(faults.bodies_rot) && world_.rot_a_message()) ++coverage_.rotten_bodies;
    if (now_and_then(faults.clock_jumps)) {
      ++coverage_.clock_jumps;
      world_.jump_wall_clock(static_cast<WallMs>(random_.below(7'200'000)) - 3'600'000);
    }
  }

  /// A process whose log failed exits, and is started again.
  void revive() {
    Node* node = world_.node();
    if (node == nullptr || !node->failure() || !(node->is_stopped() || random_.one_in(200))) return;
    ++coverage_.failed_volumes;
    world_.crash(random_.one_in(2) ? Crash::kill : Crash::power_loss);
    recover();
  }

  void end_process() {
    if (findings_.any()) return;
    note_segments();
    switch (random_.below(4)) {
      case 0:
        ++coverage_.kills;
        return world_.crash(Crash::kill);
      case 1:
        ++coverage_.clean_stops;
        return stop_cleanly();
      default:
        ++coverage_.power_losses;
        return world_.crash(Crash::power_loss);
    }
  }

  void stop_cleanly() {
    heal_disk();
    if (world_.node()->failure()) return world_.crash(Crash::kill);
    world_.node()->stop();
    for (std::uint64_t left = kPatience; left > 0 && !world_.node()->is_stopped(); --left) {
      if (!step()) return;
    }
    if (!world_.node()->is_stopped()) return stuck("a stop");
    world_.crash(Crash::clean_stop);
    if (!random_.one_in(3)) world_.heal(true);
    // With other bits flipped it could not be told whether its own one is still there.
    if (options_.faults.bit_rot && !world_.rot().is_live() && random_.one_in(2)) rot();
  }

  void heal_disk() {
    disk_full_ = false;
    world_.disk().set_capacity(kPlenty);
    world_.stall_disk(Duration(0));
  }

  struct Found {
    std::string description;
    std::map<std::string, std::uint64_t> sizes;
    std::uint64_t parked = 0;
  };
  Found look() {
    return {world_.node()->describe(), world_.node()->sizes(), world_.node()->parked()};
  }
  /// What a start finds that has to succeed.
  Found look_with_a_start() {
    start();
    if (findings_.any()) return {};
    Found found = look();
    world_.crash(Crash::kill);
    return found;
  }

  /// A bit of a file of the log flips while nobody runs. The start refuses, or finds what one finds
  /// before the flip, or after it was mended; at most some of it is parked as damaged.
  void rot() {
    std::optional<Found> healthy;
    // The other half of the time it may hit what the stop has written last.
    if (random_.one_in(2)) healthy = look_with_a_start();
    auto names = world_.disk().list("data/wal");
    if (findings_.any() || !names || names->empty()) return;
    const std::string path = "data/wal/" + (*names)[random_.below(names->size())];
    const std::uint64_t bytes = world_.disk().content(path).size();
    if (bytes == 0) return;
    const std::uint64_t bit = random_.below(bytes * 8);
    ++coverage_.flipped_bits;
    world_.disk().flip_bit(path, bit);
    const auto rotten = world_.disk().content(path);
    std::optional<Found> found;
    if (const auto started = world_.start_node(); started) {
      found = look();
    } else {
      refused(started.error());
    }
    world_.crash(Crash::kill);
    // It was seen, or is where nobody looked; what was written anew is left alone.
    if (world_.disk().content(path) == rotten) world_.disk().flip_bit(path, bit);
    if (!found) return;
    if (!healthy) healthy = look_with_a_start();
    if (!findings_.any()) compare(*healthy, *found, fmt::format("bit {} of {}", bit, path));
  }

  void compare(const Found& healthy, const Found& found, const std::string& flipped) {
    const bool same =
        found.parked == 0 ? found.description == healthy.description : found.sizes == healthy.sizes;
    if (same) return;
    findings_.add("a flipped bit takes nothing away",
                  fmt::format("{}: with it a start found {}, without it {}", flipped,
                              found.description, healthy.description));
  }

  /// Starts again, often only after some tries that lose power on the way.
  void recover() {
    if (findings_.any()) return;
    heal_disk();
    const bool look_twice = options_.faults.crashes_in_recovery && random_.one_in(3);
    if (look_twice) {
      start();
      if (findings_.any()) return;
      world_.recorder().tell(&Checker::on_recovered, world_.node()->describe(), false);
      world_.crash(Crash::kill);
    }
    if (options_.faults.crashes_in_recovery) {
      for (std::uint64_t tries = random_.below(4); tries > 0; --tries) crash_in_recovery();
    }
    start();
    if (findings_.any()) return;
    world_.recorder().tell(&Checker::on_recovered, world_.node()->describe(), look_twice);
  }

  void crash_in_recovery() {
    ++coverage_.crashes_in_recovery;
    world_.lose_power_soon(random_.below(60));
    (void)world_.start_node();
    world_.crash(Crash::power_loss);
  }

  bool is_anybody_blocked() const {
    return std::ranges::any_of(world_.clients(), [](const auto& it) { return it->is_blocked(); });
  }

  /// With room on the disk and somebody who consumes everything, no publisher has to wait for long:
  /// all are told so, and publish again.
  void relieve() {
    heal_disk();
    const auto& clients = world_.clients();
    for (const auto& client : clients) client->is_publisher() ? client->hold() : client->leave();
    Drainer& drainer = world_.add<Drainer>(true);
    const bool is_over = until("the alarm to end", [&] {
      return !world_.node()->has_alarm() && (!is_anybody_blocked() || world_.is_quiet());
    });
    if (!is_over) return;
    world_.recorder().tell(&Checker::on_relieved);
    for (const auto& client : clients) {
      if (client->is_publisher()) client->go_on();
      client->ask_for_publish();
    }
    // Who has is held again, so that those who have not find room.
    const bool went_on = until("publishers to go on", [&] {
      bool owed = false;
      for (const auto& client : clients) {
        if (client->owes_publish()) {
          owed = true;
        } else if (client->is_publisher()) {
          client->hold();
        }
      }
      return !owed;
    });
    if (!went_on) return;
    drainer.retire();
    for (const auto& client : clients) client->go_on();
  }

  /// Now and then while some wait; the end of the process would hide who was forgotten.
  void relieve_who_is_blocked() {
    if (!findings_.any() && is_anybody_blocked() && random_.one_in(3)) relieve();
  }

  void note_segments() {
    const cluster::StorageFigures figures = world_.node()->journal().figures();
    coverage_.segments += figures.segments;
    coverage_.segments_rewritten += figures.compaction.segments_read;
  }

  void finish() {
    note_segments();
    if (options_.node.memory_limit_bytes != 0 || is_anybody_blocked()) relieve();
    if (findings_.any()) return;
    world_.retire_clients();
    if (!until("the clients to go", [&] { return world_.clients_are_over(); })) return;
    world_.forget_clients();
    // Half-open connections end by their heartbeats, and without those with a restart. What was
    // returned leaves in its order with or without one.
    const bool stays = options_.client.heartbeat_s != 0 && random_.one_in(2);
    if (stays && !world_.rot().may_be_parked()) {
      if (!until("all connections to end", [&] { return world_.is_deserted(); })) return;
    } else {
      stop_cleanly();
      recover();
    }
    if (findings_.any()) return;
    Drainer& drainer = world_.add<Drainer>();
    if (!until("the queues to drain", [&] { return drainer.is_done(); })) return;
    world_.tell_expired();
    world_.tell_parked();
    world_.recorder().tell(&Checker::on_drained, what_is_ready());
  }

  /// Of the queues that stay; what may be gone nobody has to empty.
  std::string what_is_ready() {
    const QueueSet may_be_gone = world_.environment().topology.may_be_gone;
    std::string text;
    for (QueueNo queue = 0; queue < options_.queues; ++queue) {
      if ((may_be_gone & queue_bit(queue)) != 0) continue;
      const std::string name = Topology::queue_name(queue);
      const std::uint64_t ready = world_.node()->sizes()[name] - world_.node()->parked(name);
      if (ready != 0) text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", ready, name);
    }
    return text;
  }

  static constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

  Random random_;
  Findings findings_;
  const Options options_;
  World world_;
  Coverage coverage_;
  bool disk_full_ = false;
};

}  // namespace

Outcome run(std::uint64_t seed, MessageNo about) {
  return Run(seed, about)();
}

std::string describe(std::uint64_t seed) {
  Random random(seed);
  return draw_options(random).describe();
}

}  // namespace naru::sim
