#include "tests/sim/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/clients/asker.h"
#include "tests/sim/clients/drainer.h"
#include "tests/sim/clients/manager.h"
#include "tests/sim/clients/visitor.h"
#include "tests/sim/faults.h"
#include "tests/sim/narrator.h"
#include "tests/sim/restarts.h"
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
    outcome.coverage.trouble = world_.disk().trouble();
    outcome.coverage.reads = world_.disk().reads();
    return outcome;
  }

 private:
  // Far above what any run needs: reaching it means that something hangs.
  static constexpr std::uint64_t kPatience = 1'000'000;

  void go() {
    restarts_.begin();
    if (findings_.any()) return;
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
                    world_.node() == nullptr ? "no process"
                                             : world_.node()->describe_connections() + "; " +
                                                   world_.node()->describe()));
  }

  void build() {
    Manager& manager = world_.add<Manager>();
    if (!until("the topology", [&] { return manager.is_done(); })) return;
    for (const auto& habits : options_.publishers) world_.add<Publisher>(habits);
    for (const auto& habits : options_.consumers) world_.add<Consumer>(habits);
    for (int number = 0; number < options_.visitors; ++number) world_.add<Visitor>(number);
    if (options_.client.asks) world_.add<Asker>();
  }

  void work() {
    const std::uint64_t steps = 1 + random_.below(options_.steps_per_round);
    for (std::uint64_t left = steps; left > 0 && step(); --left) {
      faults_.maybe();
      revive();
    }
  }

  /// A process whose log failed exits, and is started again.
  void revive() {
    Node* node = world_.node();
    if (node == nullptr || !node->failure() || !(node->is_stopped() || random_.one_in(200))) return;
    ++coverage_.failed_volumes;
    note_process();
    world_.crash(random_.one_in(2) ? Crash::kill : Crash::power_loss);
    recover();
  }

  void note_process() { coverage_.note_process(*world_.node(), world_.disk()); }

  void end_process() {
    if (findings_.any()) return;
    note_process();
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
    faults_.heal_disk();
    if (world_.node()->failure()) return world_.crash(Crash::kill);
    world_.node()->stop();
    for (std::uint64_t left = kPatience; left > 0 && !world_.node()->is_stopped(); --left) {
      if (!step()) return;
    }
    if (!world_.node()->is_stopped()) return stuck("a stop");
    world_.crash(Crash::clean_stop);
    if (!random_.one_in(3)) world_.heal(true);
    // With other bits flipped it could not be told whether its own one is still there.
    if (options_.faults.bit_rot && !world_.rot().is_live() && random_.one_in(2)) {
      restarts_.rot();
    }
  }

  void recover() {
    if (findings_.any()) return;
    faults_.heal_disk();
    restarts_.recover();
  }

  bool is_anybody_blocked() const {
    return std::ranges::any_of(world_.clients(), [](const auto& it) { return it->is_blocked(); });
  }

  /// With room on the disk and somebody who consumes everything, no publisher has to wait for long:
  /// all are told so, and publish again.
  void relieve() {
    faults_.heal_disk();
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

  void finish() {
    note_process();
    if (options_.node.memory_limit_bytes != 0 || is_anybody_blocked()) relieve();
    if (findings_.any()) return;
    world_.retire_clients();
    if (!until("the clients to go", [&] { return world_.clients_are_over(); })) return;
    world_.forget_clients();
    world_.disk().forget_faults();
    // Half-open connections end by their heartbeats, and without those with a restart; so do those
    // that an alarm keeps from being read, as nobody here gives up as TCP does. What was returned
    // leaves in its order with or without one.
    bool stays = options_.client.heartbeat_s != 0 && random_.one_in(2);
    if (stays && !world_.may_be_parked()) {
      if (!until("all connections to end",
                 [&] { return world_.is_deserted() || world_.node()->has_alarm(); })) {
        return;
      }
      stays = world_.is_deserted();
    } else {
      stays = false;
    }
    if (!stays) {
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

  Random random_;
  Findings findings_;
  const Options options_;
  World world_;
  Coverage coverage_;
  Faults faults_{random_, options_.faults, world_, coverage_};
  Restarts restarts_{random_, options_.faults, world_, findings_, coverage_};
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
