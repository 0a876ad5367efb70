#include "app/node_status.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "app/allocator.h"

namespace naru::app {

namespace {

std::uint64_t open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

admin::NodeStatus ProcessStatus::status() const {
  admin::NodeStatus status;
  status.processors = std::thread::hardware_concurrency();
  status.resident_bytes = resident_bytes().value_or(0);
  status.open_files = open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) status.open_files_max = limit.rlim_cur;
  fill_(status);
  return status;
}

}  // namespace naru::app
