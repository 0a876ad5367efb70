#include "admin/json_memory.h"

#include <boost/json/null_resource.hpp>
#include <new>

#include "base/check.h"

namespace naru::admin {

namespace {

/// What the allocator makes of it, about.
constexpr std::size_t rounded(std::size_t size) {
  return (size + 15) / 16 * 16;
}

}  // namespace

JsonMemory::~JsonMemory() {
  NARU_CHECK(bytes_ == 0, "parsed JSON is in memory that outlives it");
}

void* JsonMemory::do_allocate(std::size_t size, std::size_t alignment) {
  if (size > bytes_max_ || bytes_ + rounded(size) > bytes_max_) {
    return boost::json::get_null_resource()->allocate(size, alignment);  // which has none
  }
  void* const at = ::operator new(size);
  bytes_ += rounded(size);
  return at;
}

void JsonMemory::do_deallocate(void* at, std::size_t size, std::size_t) {
  bytes_ -= rounded(size);
  ::operator delete(at, size);
}

}  // namespace naru::admin
