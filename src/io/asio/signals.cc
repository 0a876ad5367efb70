#include "io/asio/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/check.h"
#include "io/asio/context.h"

namespace naru::io::asio_impl {

namespace {
sigset_t set_of(const std::vector<int>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}
}  // namespace

void block_signals(const std::vector<int>& signals) {
  const sigset_t set = set_of(signals);
  NARU_CHECK(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "signals can be blocked");
  // A write to a closed connection is an error value, not a death.
  std::signal(SIGPIPE, SIG_IGN);
  // So is one beyond the limit on the size of files.
  std::signal(SIGXFSZ, SIG_IGN);
}

void unblock_signals(const std::vector<int>& signals) {
  const sigset_t set = set_of(signals);
  NARU_CHECK(::pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0, "signals can be unblocked");
}

std::vector<int> without_ignored(std::vector<int> signals) {
  std::erase_if(signals, [](int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
  });
  return signals;
}

struct Signals::Core final : public Ready, public std::enable_shared_from_this<Core> {
  explicit Core(Loop& on_loop) : loop(on_loop), descriptor(on_loop.context().io) {}

  void await() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && !self->closed) self->loop.collect(*self);
                          });
  }
  void on_ready() override {
    const auto self = shared_from_this();
    signalfd_siginfo info{};
    while (!closed && ::read(descriptor.native_handle(), &info, sizeof info) == sizeof info) {
      on_signal(static_cast<int>(info.ssi_signo));
    }
    if (!closed) await();
  }

  Loop& loop;
  boost::asio::posix::stream_descriptor descriptor;
  std::move_only_function<void(int)> on_signal;
  bool closed = false;
};

Signals::Signals(Loop& loop, const std::vector<int>& signals,
                 std::move_only_function<void(int)> on_signal)
    : core_(std::make_shared<Core>(loop)) {
  const sigset_t set = set_of(signals);
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  NARU_CHECK(fd >= 0, "a process has a signal descriptor");
  core_->descriptor.assign(fd);
  core_->on_signal = std::move(on_signal);
  core_->await();
}

Signals::~Signals() {
  core_->closed = true;
  boost::system::error_code ignored;
  core_->descriptor.close(ignored);
}

}  // namespace naru::io::asio_impl
