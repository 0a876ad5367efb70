#include "round.h"

#include <poll.h>

#include <algorithm>
#include <cstdio>

namespace naru::faults {
namespace {

constexpr std::size_t kConsumers = 3;
constexpr int kRetryMs = 20;
constexpr int kIdleMs = 100;
constexpr std::chrono::seconds kPatience{60};

bool all_done(const std::vector<std::unique_ptr<Publisher>>& publishers) {
  return std::ranges::all_of(publishers, [](const auto& each) { return each->done(); });
}

}  // namespace

Round::Round(std::uint16_t port, std::uint32_t round, const Text& text)
    : history_(text, round), progress_step_(text.line_count() / 200 + 1) {
  for (std::size_t index = 0; index < kPublishers; ++index) {
    publishers_.push_back(std::make_unique<Publisher>(port, index, round, history_));
  }
  for (std::size_t index = 0; index < kConsumers; ++index) {
    consumers_.push_back(std::make_unique<Consumer>(port, history_));
  }
}

bool Round::run() {
  while (true) {
    const bool all_up = connect_missing();
    for (auto& each : publishers_) {
      if (each->link().is_up() && !each->pump()) ++connections_lost_;
    }
    if (drained()) return true;
    poll_once(all_up ? kIdleMs : kRetryMs);
    print_progress();
    if (stalled()) return false;
  }
}

// Consumers first: they declare the queues.
bool Round::connect_missing() {
  bool all_up = true;
  for (auto& each : consumers_) {
    if (!each->link().is_up()) {
      all_up = all_up && each->connect();
      asked_ = false;
    }
  }
  for (auto& each : publishers_) {
    if (!each->link().is_up()) all_up = all_up && each->connect();
  }
  return all_up;
}

void Round::poll_once(int timeout_ms) {
  std::vector<pollfd> descriptors;
  const auto watch = [&](Link& link) {
    const short events = static_cast<short>(POLLIN | (link.has_output() ? POLLOUT : 0));
    descriptors.push_back({link.is_up() ? link.fd() : -1, events, 0});
  };
  for (auto& each : consumers_) watch(each->link());
  for (auto& each : publishers_) watch(each->link());
  ::poll(descriptors.data(), descriptors.size(), timeout_ms);

  std::size_t at = 0;
  for (auto& each : consumers_) {
    const short ready = descriptors[at++].revents;
    const bool kept = ready == 0 || ((ready & POLLIN) != 0 ? each->on_readable() : each->flush());
    if (!kept) ++connections_lost_;
  }
  for (auto& each : publishers_) {
    const short ready = descriptors[at++].revents;
    if ((ready & ~POLLOUT) != 0 && !each->on_readable()) ++connections_lost_;
  }
}

// The queues are empty when every consumer has acknowledged all it got, each then heard that
// nothing is left, and none of them got anything in between.
bool Round::drained() {
  const bool all_up =
      std::ranges::all_of(consumers_, [](auto& each) { return each->link().is_up(); });
  if (!all_done(publishers_) || history_.missing() > 0 || !all_up) return false;
  if (!asked_) {
    for (auto& each : consumers_) {
      each->ask();
      each->flush();
    }
    asked_ = true;
    return false;
  }
  if (!std::ranges::all_of(consumers_, [](auto& each) { return each->answered(); })) return false;
  asked_ = false;
  return std::ranges::all_of(consumers_,
                             [](auto& each) { return each->left() == 0 && each->quiet(); });
}

void Round::print_progress() {
  if (history_.confirmed() < progress_printed_ + progress_step_) return;
  progress_printed_ = history_.confirmed();
  std::printf("progress %llu\n", static_cast<unsigned long long>(progress_printed_));
  std::fflush(stdout);
}

bool Round::stalled() {
  const std::uint64_t seen = history_.confirmed() * 3 + history_.missing() + connections_lost_;
  const auto now = Clock::now();
  if (seen != last_seen_) {
    last_seen_ = seen;
    last_change_ = now;
  }
  return now - last_change_ > kPatience;
}

std::string Round::refusal() const {
  std::string found;
  const auto look = [&found](Link& link) {
    if (!link.refusal().empty() && !link.refusal().starts_with("320 ")) found = link.refusal();
  };
  for (const auto& each : consumers_) look(each->link());
  for (const auto& each : publishers_) look(each->link());
  return found;
}

}  // namespace naru::faults
