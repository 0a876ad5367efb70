#pragma once
/// What Asio keeps for one loop. The only header here that includes Asio; included by .cc files of
/// this folder.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <new>
#include <vector>

namespace naru::io::asio_impl {

/// Memory for Asio's pending operations, reused, so that waiting allocates nothing in the steady
/// state. (Asio's own cache holds two blocks, and none outside its run functions.)
class OperationPool {
 public:
  // The largest wait operation with a handler of ours.
  static constexpr std::size_t kNodeBytes = 144;

  OperationPool() = default;
  OperationPool(const OperationPool&) = delete;
  OperationPool& operator=(const OperationPool&) = delete;
  ~OperationPool() {
    for (void* node : free_) ::operator delete(node);
  }

  void* take(std::size_t bytes) {
    if (bytes > kNodeBytes) return ::operator new(bytes);
    if (free_.empty()) return ::operator new(kNodeBytes);
    void* node = free_.back();
    free_.pop_back();
    return node;
  }
  void give(void* node, std::size_t bytes) {
    if (bytes > kNodeBytes || free_.size() >= kFreeMax) return ::operator delete(node);
    free_.push_back(node);
  }

 private:
  static constexpr std::size_t kFreeMax = 1024;
  std::vector<void*> free_;
};

/// The allocator that handlers name.
template <typename T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(OperationPool& pool) : pool_(&pool) {}
  template <typename U>
  explicit(false) OperationAllocator(const OperationAllocator<U>& other) : pool_(other.pool()) {}

  T* allocate(std::size_t count) {
    static_assert(sizeof(T) <= OperationPool::kNodeBytes, "it would be allocated each time");
    return static_cast<T*>(pool_->take(count * sizeof(T)));
  }
  void deallocate(T* node, std::size_t count) { pool_->give(node, count * sizeof(T)); }
  OperationPool* pool() const { return pool_; }
  template <typename U>
  bool operator==(const OperationAllocator<U>& other) const {
    return pool_ == other.pool();
  }

 private:
  OperationPool* pool_;
};

struct Context {
  OperationPool operations;  // outlives `io`, whose destruction gives operations back
  // One thread runs it and nobody else touches it (other threads go through the loop's inbox), so
  // Asio's own locks are off.
  boost::asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  boost::asio::steady_timer timer{io};
  boost::asio::posix::stream_descriptor wake{io};  // an eventfd
};

}  // namespace naru::io::asio_impl
