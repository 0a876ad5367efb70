#pragma once
/// io::Workers over a thread pool.

#include <memory>

#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"
#include "io/workers.h"

namespace naru::io::asio_impl {

/// One loop's way to a pool that all loops share. The pool must be gone (joined) before the loop.
class PoolWorkers final : public Workers {
 public:
  PoolWorkers(Loop& loop, ThreadPool& pool) : loop_(loop), pool_(pool) {}
  bool submit(Task work, Task done) override;

 private:
  Loop& loop_;
  ThreadPool& pool_;
};

}  // namespace naru::io::asio_impl
