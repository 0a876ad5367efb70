// naru_sim_mutants --list | NAME FROM COUNT: runs seeds against one mutant until it is caught, in a
// seed in which nobody notices anything without it.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/mutant.h"
#include "tests/sim/run.h"

namespace {

struct Named {
  naru::Mutant mutant;
  std::string_view name;
  std::string_view what;
};
constexpr Named kMutants[] = {
#define NARU_NAMED_MUTANT(name, what) {naru::Mutant::name, #name, what},
    NARU_EACH_MUTANT(NARU_NAMED_MUTANT)
#undef NARU_NAMED_MUTANT
};

// Longer than any seed: a mutant may hang.
constexpr unsigned kSeedBoundS = 60;

/// Who notices: a checker, or the broker itself, which aborts when its own checks fail. Empty:
/// nobody. In a process of its own, as a mutant may take that along.
std::string who_notices(naru::Mutant mutant, std::uint64_t seed) {
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(kSeedBoundS);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(1);
    naru::living_mutant() = mutant;
    const std::string checker = naru::sim::run(seed).checker;
    const bool written =
        ::write(ends[1], checker.data(), checker.size()) == static_cast<ssize_t>(checker.size());
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::array<char, 256> text;
  const ssize_t bytes = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    return WTERMSIG(status) == SIGALRM ? "it hangs" : "the broker's own checks";
  }
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(bytes, 0))};
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "--list") {
    for (const Named& named : kMutants) fmt::print("{}\t{}\n", named.name, named.what);
    return 0;
  }
  if (count != 4) return 2;
  for (const Named& named : kMutants) {
    if (named.name != arguments[1]) continue;
    const std::uint64_t from = number(arguments[2]);
    for (std::uint64_t seed = from; seed < from + number(arguments[3]); ++seed) {
      const std::string who = who_notices(named.mutant, seed);
      if (who.empty()) continue;
      if (const std::string sane = who_notices(naru::Mutant::none, seed); !sane.empty()) {
        fmt::print(stderr, "seed {} shows nothing: without a mutant, too: {}\n", seed, sane);
        continue;
      }
      fmt::print("{}\t{}\n", seed, who);
      return 0;
    }
    return 1;
  }
  return 2;
}
