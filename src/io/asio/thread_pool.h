#pragma once
/// A fixed set of background threads behind one bounded queue.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace naru::io::asio_impl {

/// A piece of work that the submitter owns. Intrusive, so that queueing allocates nothing.
class Job {
 public:
  virtual ~Job() = default;
  /// Called once on a background thread; the job may be gone when it returns.
  virtual void run() = 0;

 private:
  friend class ThreadPool;
  Job* next_ = nullptr;
};

struct ThreadPoolOptions {
  std::string name;  // at most 15 characters; shown by ps and top
  unsigned thread_count = 1;
  std::size_t queued_max = SIZE_MAX;
  int nice = 0;  // added to the process's niceness
};

/// Used by all loops of the process. Destruction runs what is queued, then joins.
class ThreadPool {
 public:
  explicit ThreadPool(ThreadPoolOptions options);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// False when the queue is full; the job was not taken.
  bool try_push(Job& job);
  /// Queues past the bound: for work whose amount its submitters bound themselves.
  void push(Job& job);

 private:
  void work();
  void enqueue_locked(Job& job);

  const ThreadPoolOptions options_;
  std::mutex mutex_;  // guards all below; held for a few instructions
  std::condition_variable ready_;
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  std::size_t queued_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace naru::io::asio_impl
