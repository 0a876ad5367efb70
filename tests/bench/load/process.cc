#include "process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace naru::bench {
namespace {

std::string read_proc(std::int64_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    char buffer[4'096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
      text.append(buffer, count);
    }
    std::fclose(file);
  }
  return text;
}

}  // namespace

double cpu_seconds_of(std::int64_t pid) {
  if (pid == 0) return 0;
  const std::string text = read_proc(pid, "stat");
  // The process name, in parentheses, may hold anything: proc(5) fields 3... follow the last ')'.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  const char* cursor = text.c_str() + name_end + 2;
  for (int field = 3; field < 14; ++field) {
    cursor = std::strchr(cursor, ' ');
    if (!cursor) return 0;
    ++cursor;
  }
  char* next = nullptr;
  const auto user = std::strtoull(cursor, &next, 10);
  const auto system = std::strtoull(next, nullptr, 10);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_bytes_of(std::int64_t pid) {
  if (pid == 0) return 0;
  const std::string text = read_proc(pid, "statm");
  const auto space = text.find(' ');
  if (space == std::string::npos) return 0;
  return std::strtoull(text.c_str() + space, nullptr, 10) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t written_bytes_of(std::int64_t pid) {
  if (pid == 0) return 0;
  constexpr std::string_view kName = "\nwrite_bytes: ";
  const std::string text = read_proc(pid, "io");
  const auto at = text.find(kName);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + kName.size(), nullptr, 10);
}

std::uint64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void sleep_until_ns(std::uint64_t when_ns) {
  const timespec time{static_cast<time_t>(when_ns / 1'000'000'000u),
                      static_cast<long>(when_ns % 1'000'000'000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace naru::bench
