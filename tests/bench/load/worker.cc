#include "worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <functional>

#include "process.h"

namespace naru::bench {
namespace {

// How soon a sleeping worker sees that the phase changed.
constexpr std::uint64_t kPhasePollNs = 20'000'000;
// A paced publisher wakes at most so often; messages due meanwhile leave together.
constexpr std::uint64_t kPaceStepNs = 50'000;
constexpr std::uint64_t kConsumerBit = std::uint64_t{1} << 32;

}  // namespace

Worker::Worker() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) fail("epoll_create1 failed");
}

Worker::~Worker() {
  close(epoll_);
}

void Worker::reserve(std::size_t publishers, std::size_t consumers) {
  publishers_.reserve(publishers);
  consumers_.reserve(consumers);
}

void Worker::add_publisher(Connection connection, const Options& options, int number) {
  publishers_.emplace_back(std::move(connection), options, number, tally_);
}

void Worker::add_consumer(Connection connection, const Options& options, std::string_view queue) {
  consumers_.emplace_back(std::move(connection), options, queue, tally_);
}

void Worker::watch(int fd, std::uint64_t key, bool writable, bool add) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (writable) event.events |= EPOLLOUT;
  event.data.u64 = key;
  if (epoll_ctl(epoll_, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
    fail("epoll_ctl failed");
  }
}

void Worker::enter(Phase phase) {
  phase_ = phase;
  tally_.recording = phase == Phase::measure;
  // Drain ends everybody's waiting; before it, whoever waits for something goes on waiting.
  due_.clear();
  for (std::size_t i = 0; i < publishers_.size(); ++i) wake(i);
}

void Worker::run(const std::atomic<Phase>& phase) {
  prctl(PR_SET_TIMERSLACK, 1'000uL);
  waits_.assign(publishers_.size(), Publisher::Wait::done);
  watched_writable_.assign(publishers_.size() + consumers_.size(), false);
  for (std::size_t i = 0; i < publishers_.size(); ++i) watch(publishers_[i].fd(), i, false, true);
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    watch(consumers_[i].fd(), i | kConsumerBit, false, true);
  }
  std::array<epoll_event, 256> events{};
  enter(phase.load(std::memory_order_acquire));
  while (phase_ != Phase::stop) {
    wake_due();
    pump_awake();
    const std::uint64_t wait = wait_ns();
    const timespec timeout{0, static_cast<long>(wait)};
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2 failed");
    for (int i = 0; i < count; ++i) {
      on_event(events[static_cast<std::size_t>(i)].data.u64,
               events[static_cast<std::size_t>(i)].events);
    }
    const Phase wanted = phase.load(std::memory_order_acquire);
    if (wanted != phase_) enter(wanted);
  }
  for (Consumer& consumer : consumers_) consumer.finish();
}

std::uint64_t Worker::wait_ns() const {
  if (!awake_.empty()) return 0;
  if (due_.empty()) return kPhasePollNs;
  const std::uint64_t now = now_ns();
  const std::uint64_t left = due_.front().at_ns > now ? due_.front().at_ns - now : 0;
  return std::clamp(left, kPaceStepNs, kPhasePollNs);
}

void Worker::wake(std::size_t publisher) {
  if (waits_[publisher] == Publisher::Wait::turn) return;
  waits_[publisher] = Publisher::Wait::turn;
  awake_.push_back(publisher);
}

void Worker::wake_due() {
  if (due_.empty()) return;
  const std::uint64_t now = now_ns();
  while (!due_.empty() && due_.front().at_ns <= now) {
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    wake(due_.back().publisher);
    due_.pop_back();
  }
}

void Worker::pump_awake() {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < awake_.size(); ++at) {
    const std::size_t i = awake_[at];
    waits_[i] = publishers_[i].pump(now_ns(), phase_ == Phase::drain);
    if (waits_[i] == Publisher::Wait::turn) awake_[kept++] = i;
    if (waits_[i] == Publisher::Wait::time) {
      due_.push_back({publishers_[i].due_ns(), i});
      std::push_heap(due_.begin(), due_.end(), std::greater<>());
    }
    const bool writable = waits_[i] == Publisher::Wait::socket;
    if (writable != watched_writable_[i]) {
      watched_writable_[i] = writable;
      watch(publishers_[i].fd(), i, writable, false);
    }
  }
  awake_.resize(kept);
}

void Worker::on_event(std::uint64_t key, std::uint32_t events) {
  const auto i = static_cast<std::size_t>(key & ~kConsumerBit);
  const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  if ((key & kConsumerBit) == 0) {
    if (readable) publishers_[i].on_readable();
    const bool may_go_on = waits_[i] == Publisher::Wait::confirm ||
                           (waits_[i] == Publisher::Wait::socket && (events & EPOLLOUT) != 0);
    if (may_go_on) wake(i);
    return;
  }
  if (readable) consumers_[i].on_readable();
  const bool writable = !consumers_[i].flush();
  const std::size_t slot = publishers_.size() + i;
  if (writable != watched_writable_[slot]) {
    watched_writable_[slot] = writable;
    watch(consumers_[i].fd(), key, writable, false);
  }
}

}  // namespace naru::bench
