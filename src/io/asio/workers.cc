#include "io/asio/workers.h"

#include <utility>

namespace naru::io::asio_impl {

namespace {
class WorkerJob final : public Job {
 public:
  WorkerJob(Loop& loop, Task work, Task done)
      : loop_(loop), work_(std::move(work)), done_(std::move(done)) {}

  void run() override {
    const std::unique_ptr<WorkerJob> self(this);
    work_();
    work_ = nullptr;
    loop_.post(std::move(done_));
  }

 private:
  Loop& loop_;
  Task work_;
  Task done_;
};
}  // namespace

bool PoolWorkers::submit(Task work, Task done) {
  auto job = std::make_unique<WorkerJob>(loop_, std::move(work), std::move(done));
  if (!pool_.try_push(*job)) return false;
  job.release();  // NOLINT(bugprone-unused-return-value): run() owns it now
  return true;
}

}  // namespace naru::io::asio_impl
