#include "world.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace naru::faults {
namespace {

constexpr Millis kRetryMs = 20;
constexpr int kIdleMs = 100;
constexpr Millis kProgressMs = 20;
constexpr std::size_t kRefusalsKept = 10;

Millis steady_now() {
  using namespace std::chrono;  // a fixed moment: the machine's start
  return static_cast<Millis>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

void say(const char* line) {
  std::printf("%s\n", line);
  std::fflush(stdout);
}

}  // namespace

World::World(const WorldOptions& options, const Source& source)
    : source_(source),
      options_(options),
      history_(source, options.run,
               options.manners == Manners::plain ? Order::of_all_deliveries
                                                 : Order::of_first_deliveries),
      counter_(options.link),
      now_(steady_now()),
      last_change_(now_) {
  const Shape shape = source.shape();
  for (std::size_t index = 0; index < shape.transactors; ++index) {
    transactors_.push_back(std::make_unique<Transactor>(
        Transactor::Setup{options.link, index, options.run, mixed(~options.seed + index)}, source,
        history_));
  }
  for (std::size_t index = shape.transactors; index < shape.publishers; ++index) {
    publishers_.push_back(std::make_unique<Publisher>(
        Publisher::Setup{options.link, index, options.run}, source, history_));
  }
  for (std::size_t index = 0; index < shape.consumers + shape.getters; ++index) {
    consumers_.push_back(std::make_unique<Consumer>(
        Consumer::Setup{options.link, shape, options.manners, mixed(options.seed + index),
                        index >= shape.consumers},
        history_));
  }
  for (auto& each : consumers_) everybody_.push_back(each.get());
  for (auto& each : publishers_) everybody_.push_back(each.get());
  for (auto& each : transactors_) everybody_.push_back(each.get());
}

bool World::run() {
  while (true) {
    turn();
    if (drained()) {
      if (phase_ != Phase::resting) return true;
      phase_ = Phase::rested;
      history_.emptied();
      say("rested");
    }
    if (stalled()) return false;
  }
}

void World::turn() {
  now_ = steady_now();
  all_up_ = connect_missing();
  publish();
  poll_once(all_up_ ? kIdleMs : static_cast<int>(kRetryMs));
  now_ = steady_now();
  keep_time();
  count();
  print_progress();
  print_blocked();
}

// Consumers first: they declare the queues. What a dead broker sent last is read before anything of
// the next one: it came before.
bool World::connect_missing() {
  const auto is_open = [](const auto& each) { return each->link().is_open(); };
  if (crashed_ && (std::ranges::any_of(everybody_, is_open) || counter_.is_open())) return false;
  if (crashed_)
    history_.crash(now_);  // what was said between the warning and the end counts as before
  crashed_ = false;
  if (now_ < connects_at_) return all_up_;
  connects_at_ = now_ + kRetryMs;
  bool all_up = true;
  for (auto& each : consumers_) {
    if (away()) break;
    if (!each->link().is_open()) {
      each->connect(now_);
      asked_ = false;
    }
    all_up = all_up && each->link().is_up();
  }
  for (auto& each : publishers_) {
    if (!all_up) break;
    if (!each->link().is_open()) each->connect(now_);
  }
  for (auto& each : transactors_) {
    if (!all_up || away()) break;
    if (!each->link().is_open()) each->connect(now_);
  }
  const auto is_up = [](auto& each) { return each->link().is_up(); };
  return all_up && std::ranges::all_of(publishers_, is_up) &&
         (away() || std::ranges::all_of(transactors_, is_up));
}

void World::publish() {
  const bool bounded = options_.backlog_max > 0 && history_.owed() > options_.backlog_max;
  for (auto& each : publishers_) {
    if (!each->link().is_open()) continue;
    if (!each->pump(phase_ == Phase::running && !bounded)) lost(each->link());
  }
  for (auto& each : transactors_) {
    if (!each->link().is_open()) continue;
    if (!each->pump(phase_ == Phase::running && !bounded && !away())) {
      lost(each->link());
    } else if (away() && each->idle() && each->link().is_up() && !each->link().parting()) {
      each->part();
    }
  }
  const auto at_end = [](const auto& each) { return each->at_end(); };
  if (phase_ == Phase::running && std::ranges::all_of(publishers_, at_end))
    phase_ = Phase::draining;
}

void World::poll_once(int timeout_ms) {
  std::vector<pollfd> descriptors;
  const auto watch = [&](Link& link, bool reads) {
    const short events =
        static_cast<short>((reads ? POLLIN : 0) | (link.has_output() ? POLLOUT : 0));
    descriptors.push_back({link.is_open() ? link.fd() : -1, events, 0});
  };
  for (Party* each : everybody_) watch(each->link(), !each->naps(now_));
  watch(counter_, true);
  descriptors.push_back({stdin_open_ ? STDIN_FILENO : -1, POLLIN, 0});
  const Millis asked_at = steady_now();
  ::poll(descriptors.data(), descriptors.size(), timeout_ms);

  std::vector<short> ready;
  for (const pollfd& each : descriptors) ready.push_back(each.revents);
  if (was_away()) return;
  note_caught_up(descriptors, asked_at);
  now_ = steady_now();
  if (ready.back() != 0) take_commands();
  read_ready(ready);
}

// Somebody stopped us, or the machine is very busy. The broker may have given connections up
// meanwhile and handed on what they held: what lies unread in one of them is older than what lies
// in another, and nobody can tell. So it stays unread.
bool World::was_away() {
  const Millis now = steady_now();
  const Millis last = std::exchange(looked_at_, now);
  const Millis beat = options_.link.heartbeat_s * Millis{1'000};
  if (beat == 0 || last == 0 || now - last <= beat) return false;
  now_ = now;
  for (Party* each : everybody_) each->hang_up();
  counter_.down();
  all_up_ = false;
  return true;
}

// Who has nothing to read has read all that the broker had sent when we asked. However late we are,
// nobody is taken for a holder whose end lies unread.
void World::note_caught_up(const std::vector<pollfd>& descriptors, Millis asked_at) {
  for (std::size_t at = 0; at < everybody_.size(); ++at) {
    const auto [fd, events, revents] = descriptors[at];
    const bool silent = (events & POLLIN) != 0 && (revents & ~POLLOUT) == 0;
    if (silent && everybody_[at]->link().is_up()) everybody_[at]->caught_up(asked_at);
  }
}

void World::read_ready(const std::vector<short>& ready) {
  std::size_t at = 0;
  for (Party* each : everybody_) {
    const short events = ready[at++];
    if (events == 0 || !each->link().is_open()) continue;
    const bool kept = (events & ~POLLOUT) != 0 ? each->on_readable(now_) : each->flush();
    if (!kept) lost(each->link());
  }
  if ((ready[at] & ~POLLOUT) != 0 && counter_.is_open()) read_counter();
}

void World::keep_time() {
  for (auto& each : consumers_) {
    each->behave(phase_ == Phase::resting || phase_ == Phase::draining, now_);
  }
  for (Party* each : everybody_) {
    if (!each->on_time(now_)) lost(each->link());
  }
  (void)counter_.on_time(now_);
}

void World::lost(Link& link) {
  ++connections_lost_;
  all_up_ = false;
  const std::string& why = link.refusal();
  const bool new_one = !why.empty() && !why.starts_with("320 ") &&
                       std::ranges::find(refusals_, why) == refusals_.end();
  if (new_one && refusals_.size() < kRefusalsKept) refusals_.push_back(why);
}

// The queues are empty when every consumer has acknowledged all it got, each then heard that
// nothing is left, and none of them got anything in between.
bool World::drained() {
  const auto answered = [](const auto& each) { return each->answered(); };
  const auto idle = [](const auto& each) { return each->idle(); };
  const bool wanted = phase_ == Phase::resting || phase_ == Phase::draining;
  if (!wanted || held_ || !all_up_ || history_.owed() > 0 ||
      !std::ranges::all_of(publishers_, answered) || !std::ranges::all_of(transactors_, idle)) {
    return false;
  }
  if (!asked_) {
    for (auto& each : consumers_) {
      each->ask(now_);
      each->flush();
    }
    asked_ = true;
    return false;
  }
  if (!std::ranges::all_of(consumers_, answered)) return false;
  asked_ = false;
  return std::ranges::all_of(consumers_,
                             [](auto& each) { return each->left() == 0 && each->quiet(); });
}

void World::take_commands() {
  std::array<char, 256> bytes;
  const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  stdin_open_ = count > 0;
  if (count <= 0) return;
  commands_.append(bytes.data(), static_cast<std::size_t>(count));
  std::size_t end;
  while ((end = commands_.find('\n')) != std::string::npos) {
    obey(commands_.substr(0, end));
    commands_.erase(0, end + 1);
  }
}

void World::obey(const std::string& line) {
  if (line == "crash") {
    history_.crash(now_);
    crashed_ = true;
  }
  if (line == "hold") {
    for (auto& each : consumers_) each->part();
  }
  if (line == "hold" || line == "release") held_ = line == "hold";
  if (line == "count") phase_ = Phase::counting;
  if (line == "rest") phase_ = Phase::resting;
  if (line == "go") phase_ = Phase::running;
  if (line == "drain") phase_ = Phase::draining;
  last_change_ = now_;
  asked_ = false;
  std::printf("obeyed %s\n", line.c_str());
  std::fflush(stdout);
}

void World::print_progress() {
  const std::uint64_t seen = history_.confirmed() + history_.counts().delivered;
  if (seen == printed_ || now_ - printed_at_ < kProgressMs) return;
  printed_ = seen;
  printed_at_ = now_;
  std::printf("progress %llu %llu\n", static_cast<unsigned long long>(history_.confirmed()),
              static_cast<unsigned long long>(history_.counts().delivered));
  std::fflush(stdout);
}

void World::print_blocked() {
  const bool blocked = std::ranges::any_of(publishers_, [](auto& each) { return each->blocked(); });
  if (blocked != was_blocked_) say(blocked ? "blocked" : "unblocked");
  was_blocked_ = blocked;
}

bool World::stalled() {
  const std::uint64_t seen =
      history_.confirmed() + history_.counts().delivered + history_.counts().settled;
  if (seen != last_seen_ || phase_ == Phase::running || phase_ == Phase::rested) {
    last_seen_ = seen;
    last_change_ = now_;
  }
  if (now_ - last_change_ <= options_.patience) return false;
  describe_stall();
  return true;
}

void World::describe_stall() const {
  std::printf("stall: owed %llu, all up %d, asked %d\n",
              static_cast<unsigned long long>(history_.owed()), all_up_ ? 1 : 0, asked_ ? 1 : 0);
  for (const auto& each : consumers_) {
    std::printf("stall: consumer up %d, answered %d, heard of %llu left\n",
                each->link().is_up() ? 1 : 0, each->answered() ? 1 : 0,
                static_cast<unsigned long long>(each->left()));
  }
  for (const auto& each : transactors_) {
    std::printf("stall: transactor up %d, idle %d\n", each->link().is_up() ? 1 : 0,
                each->idle() ? 1 : 0);
  }
  if (phase_ == Phase::counting) std::printf("stall: counting: %s\n", misfit_.c_str());
  for (const auto& each : publishers_) {
    std::printf("stall: publisher up %d, answered %d, blocked %d\n", each->link().is_up() ? 1 : 0,
                each->answered() ? 1 : 0, each->blocked() ? 1 : 0);
  }
}

std::uint64_t World::silences() const {
  std::uint64_t count = 0;
  for (const Party* each : everybody_) count += each->link().silences();
  return count;
}

std::uint64_t World::times_blocked() const {
  std::uint64_t count = 0;
  for (const auto& each : publishers_) count += each->times_blocked();
  return count;
}

}  // namespace naru::faults
