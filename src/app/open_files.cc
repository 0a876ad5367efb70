#include "app/open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "io/http.h"

namespace naru::app {

namespace {
// A quarter for the log and for all that is opened once; 4096 files of 64 MiB are 256 GiB of log.
constexpr std::uint64_t kOwnMin = 48;
constexpr std::uint64_t kOwnMax = 4096;
}  // namespace

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;  // Linux's usual one
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

OpenFilesShares share_open_files(std::uint64_t limit, std::uint64_t wanted) {
  const std::uint64_t own = std::clamp(limit / 4, kOwnMin, kOwnMax);
  OpenFilesShares shares;
  shares.http_connections_max =
      std::clamp<std::uint64_t>(limit / 8, 4, io::HttpLimits().connections_max);
  const std::uint64_t reserved = own + shares.http_connections_max;
  const std::uint64_t fitting = limit > reserved ? limit - reserved : 1;
  shares.connections_max = wanted == 0 ? fitting : std::min(wanted, fitting);
  return shares;
}

}  // namespace naru::app
