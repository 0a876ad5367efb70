#include "io/asio/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "io/asio/context.h"
#include "io/asio/system_clock.h"

namespace naru::io::asio_impl {

namespace {
// Bounds one turn's collecting, so that a flood of readiness cannot keep a turn from ending.
constexpr int kHandlersPerTurnMax = 4096;
}  // namespace

/// What Asio calls for the loop's own descriptor and timer; it waits in the loop's pool.
template <auto Then>
class Loop::OwnHandler {
 public:
  using allocator_type = OperationAllocator<void>;

  explicit OwnHandler(Loop& loop) : loop_(&loop) {}
  allocator_type get_allocator() const { return allocator_type(loop_->context_->operations); }
  void operator()(boost::system::error_code error) { (loop_->*Then)(static_cast<bool>(error)); }

 private:
  Loop* loop_;
};

Loop::Loop() : context_(std::make_unique<Context>()), now_(read_clocks()) {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  NARU_CHECK(fd >= 0, "a loop needs an event descriptor");
  context_->wake.assign(fd);
  await_wake();
}

Loop::~Loop() = default;

void Loop::post(Task task) {
  bring(&Inbox::tasks, std::move(task));
}

void Loop::post_completion(Completion& completion) {
  bring(&Inbox::completions, &completion);
}

void Loop::cancel(Completion& completion) {
  const std::lock_guard lock(inbox_.mutex);
  std::erase(inbox_.completions, &completion);
  std::replace(completions_.begin(), completions_.end(), &completion,
               static_cast<Completion*>(nullptr));
}

template <typename Vector, typename Item>
void Loop::bring(Vector Inbox::* into, Item item) {
  bool must_wake = false;
  {
    const std::lock_guard lock(inbox_.mutex);
    (inbox_.*into).push_back(std::move(item));
    must_wake = std::exchange(inbox_.sleeping, false);
  }
  if (must_wake) wake();
}

void Loop::stop() {
  bool must_wake = false;
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.stopping = true;
    must_wake = std::exchange(inbox_.sleeping, false);
  }
  if (must_wake) wake();
}

void Loop::wake() {
  const std::uint64_t one = 1;
  // EAGAIN: the counter is full, so a wake-up is pending already.
  const auto written = ::write(context_->wake.native_handle(), &one, sizeof one);
  NARU_CHECK(written == sizeof one || errno == EAGAIN, "a loop can be woken");
}

void Loop::await_wake() {
  context_->wake.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            OwnHandler<&Loop::on_wake>(*this));
}

void Loop::on_wake(bool cancelled) {
  if (cancelled) return;  // the loop is being destroyed
  std::uint64_t count = 0;
  const auto got = ::read(context_->wake.native_handle(), &count, sizeof count);
  NARU_CHECK(got == sizeof count || errno == EAGAIN, "the wake-up can be read");
  await_wake();
}

void Loop::set_deadline(TimePoint deadline) {
  deadline_ = deadline;
  // A timer that fires too early costs one turn; moving it costs system calls each time.
  if (deadline < armed_) arm(deadline);
}

void Loop::arm(TimePoint at) {
  armed_ = at;
  context_->timer.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(at.time_since_epoch())));
  context_->timer.async_wait(OwnHandler<&Loop::on_timer>(*this));
}

void Loop::on_timer(bool cancelled) {
  if (!cancelled) armed_ = kNever;  // else: armed again for an earlier time
}

void Loop::collect(Ready& ready) {
  if (ready.next_ != &ready) return;  // collected already
  ready.previous_ = collected_.previous_;
  ready.next_ = &collected_;
  collected_.previous_->next_ = &ready;
  collected_.previous_ = &ready;
}

void Loop::run() {
  while (wait()) run_turn();
  const std::lock_guard lock(inbox_.mutex);
  inbox_.stopping = false;  // run() may be called again
}

bool Loop::wait() {
  bool may_block = false;
  {
    const std::lock_guard lock(inbox_.mutex);
    if (inbox_.stopping) return false;
    may_block = inbox_.tasks.empty() && inbox_.completions.empty() &&
                collected_.next_ == &collected_ && deadline_ > now_.mono;
    inbox_.sleeping = may_block;
  }
  if (may_block) context_->io.run_one();
  for (int i = 0; i < kHandlersPerTurnMax && context_->io.poll_one() != 0;) ++i;
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.sleeping = false;
    tasks_.swap(inbox_.tasks);
    completions_.swap(inbox_.completions);
    return !inbox_.stopping;
  }
}

void Loop::run_turn() {
  now_ = read_clocks();
  for (Task& task : tasks_) task();
  tasks_.clear();
  for (std::size_t i = 0; i < completions_.size(); ++i) {
    if (completions_[i] != nullptr) completions_[i]->complete();
  }
  completions_.clear();
  if (deadline_ <= now_.mono) {
    deadline_ = kNever;
    if (client_ != nullptr) client_->on_deadline(now_);
  }
  run_collected();
  if (client_ != nullptr) client_->on_turn_end(now_);
  if (deadline_ < armed_) arm(deadline_);
}

void Loop::run_collected() {
  // What is collected from here on belongs to the next turn, so the list is taken whole.
  List taken;
  if (collected_.next_ == &collected_) return;
  taken.next_ = collected_.next_;
  taken.previous_ = collected_.previous_;
  taken.next_->previous_ = &taken;
  taken.previous_->next_ = &taken;
  collected_.next_ = collected_.previous_ = &collected_;
  while (taken.next_ != &taken) {
    Ready& ready = *taken.next_;
    ready.unlink();
    ready.on_ready();
  }
}

}  // namespace naru::io::asio_impl
