#include "io/asio/thread_pool.h"

#include <pthread.h>
#include <sys/resource.h>

#include <utility>

namespace naru::io::asio_impl {

ThreadPool::ThreadPool(ThreadPoolOptions options) : options_(std::move(options)) {
  threads_.reserve(options_.thread_count);
  for (unsigned i = 0; i < options_.thread_count; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::try_push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_ >= options_.queued_max) return false;
    enqueue_locked(job);
  }
  ready_.notify_one();
  return true;
}

void ThreadPool::push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    enqueue_locked(job);
  }
  ready_.notify_one();
}

void ThreadPool::enqueue_locked(Job& job) {
  job.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  ++queued_;
}

void ThreadPool::work() {
  ::pthread_setname_np(::pthread_self(), options_.name.c_str());
  // On Linux niceness belongs to a thread; who = 0 is the caller.
  if (options_.nice != 0) {
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + options_.nice);
  }
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return first_ != nullptr || stopping_; });
    if (first_ == nullptr) return;
    Job& job = *first_;
    first_ = job.next_;
    if (first_ == nullptr) last_ = nullptr;
    --queued_;
    lock.unlock();
    job.run();
    lock.lock();
  }
}

}  // namespace naru::io::asio_impl
