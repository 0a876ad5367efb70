#include "app/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <limits.h>
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <utility>

namespace naru::app {

namespace {
// Room for the line that says what was dropped.
constexpr std::size_t kNoticeBytes = 512;
constexpr int kLookAgainMs = 100;
}  // namespace

struct LineWriter::Shared {
  int descriptor;
  std::mutex mutex;  // guards all below; held for a few instructions
  std::condition_variable changed;
  std::string queued;
  std::uint64_t dropped = 0;
  bool writing = false;
  bool stopping = false;
  bool abandoned = false;

  bool is_abandoned() {
    const std::lock_guard lock(mutex);
    return abandoned;
  }
  void write(std::string_view text);
};

/// A pipe that is ready takes PIPE_BUF bytes without waiting; the thread can always be told to end.
void LineWriter::Shared::write(std::string_view text) {
  while (!text.empty() && !is_abandoned()) {
    pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, kLookAgainMs) == 0) continue;
    const ssize_t written =
        ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return;  // nobody will read it
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

LineWriter::LineWriter(int descriptor) : LineWriter(descriptor, Options{}) {}

LineWriter::LineWriter(int descriptor, Options options)
    : options_(options), shared_(std::make_shared<Shared>()) {
  shared_->descriptor = descriptor;
  thread_ = std::thread([shared = shared_] { run(shared); });
}

LineWriter::~LineWriter() {
  flush();
  bool ended = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->abandoned = true;
    ended = !shared_->writing;
  }
  shared_->changed.notify_all();
  // While it writes it may be held up by whoever shares the descriptor.
  ended ? thread_.join() : thread_.detach();
}

void LineWriter::run(const std::shared_ptr<Shared>& shared) {
  ::pthread_setname_np(::pthread_self(), "naru-log");
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return !shared->queued.empty() || shared->stopping; });
    if (shared->stopping) return;
    const std::string text = std::exchange(shared->queued, {});
    shared->writing = true;
    lock.unlock();
    shared->write(text);
    lock.lock();
    shared->writing = false;
    shared->changed.notify_all();
  }
}

void LineWriter::put(std::string line) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queued.size() + line.size() > options_.queued_bytes_max) {
      ++shared_->dropped;
      return;
    }
    shared_->queued += line;
  }
  shared_->changed.notify_all();
}

std::uint64_t LineWriter::take_dropped() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->queued.size() + kNoticeBytes > options_.queued_bytes_max) return 0;
  return std::exchange(shared_->dropped, 0);
}

void LineWriter::flush() {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_for(lock, options_.last_words,
                            [&] { return shared_->queued.empty() && !shared_->writing; });
}

}  // namespace naru::app
