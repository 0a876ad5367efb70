// naru_sim --seed N | --from N --seeds N: runs seeds, each twice, and says what was found.

#include <fmt/format.h>

#include <unistd.h>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/sim/run.h"

namespace {

std::uint64_t running = 0;  // for the handler of a failed check

void on_abort(int signal) {
  char line[128];
  const int bytes = std::snprintf(line, sizeof line,
                                  "FAIL seed %llu: a check of the broker failed; reproduce: "
                                  "./dev sim --seed %llu\n",
                                  static_cast<unsigned long long>(running),
                                  static_cast<unsigned long long>(running));
  (void)!::write(1, line, static_cast<std::size_t>(bytes));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool read_number(const char* text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  return error == std::errc() && *end == '\0';
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1;
  naru::sim::MessageNo about = 0;
  bool tell = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--tell") {
      tell = true;
      continue;
    }
    std::uint64_t value = 0;
    if (i + 1 >= count || !read_number(arguments[++i], value)) return 2;
    if (name == "--seed") {
      from = value;
      seeds = 1;
      tell = true;
    } else if (name == "--about") {
      about = static_cast<naru::sim::MessageNo>(value);
    } else if (name == "--from") {
      from = value;
    } else if (name == "--seeds") {
      seeds = value;
    } else {
      return 2;
    }
  }
  std::signal(SIGABRT, on_abort);
  naru::sim::Coverage coverage;
  int failed = 0;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    running = seed;
    if (tell) fmt::print("seed {}\n{}\n", seed, naru::sim::describe(seed));
    const naru::sim::Outcome first = naru::sim::run(seed, about);
    coverage.add(first.coverage);
    const naru::sim::Outcome second = naru::sim::run(seed);
    if (!first.ok()) {
      ++failed;
      fmt::print("FAIL seed {}: {}: {}; reproduce: ./dev sim --seed {}\n", seed, first.checker,
                 first.what, seed);
    } else if (first.hash != second.hash) {
      ++failed;
      fmt::print("FAIL seed {}: two runs differ; reproduce: ./dev sim --seed {}\n", seed, seed);
    }
    std::fflush(stdout);
  }
  fmt::print("{} seeds, {} failed\n{}", seeds, failed, coverage.table());
  return failed == 0 ? 0 : 1;
}
