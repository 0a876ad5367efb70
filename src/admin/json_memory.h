#pragma once
/// The memory that parsed JSON is in.

#include <boost/json/memory_resource.hpp>
#include <cstddef>

namespace naru::admin {

/// Counts what parsed JSON takes, and gives no more than so much: a value takes 24 bytes, twice or
/// three times as much while its array is read, and "0," is one. Owned by one shard; outlives what
/// is in it. Errors: std::bad_alloc, which parse_object() makes one of its own.
class JsonMemory final : public boost::json::memory_resource {
 public:
  explicit JsonMemory(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  ~JsonMemory() override;
  JsonMemory(const JsonMemory&) = delete;
  JsonMemory& operator=(const JsonMemory&) = delete;

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  /// From now on; what is there stays.
  void set_bytes_max(std::size_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override;
  void do_deallocate(void* at, std::size_t size, std::size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace naru::admin
