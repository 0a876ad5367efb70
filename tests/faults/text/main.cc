// Publishes and consumes a text while somebody else kills the broker; see ../README.md.
//
//   naru_text_round PORT ROUND TEXT BYTES
//
// Prints `progress N` as lines are confirmed and one line `round ...` at the end, after a line for
// each violation. Exit: 0 none, 1 some, 2 usage.

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "round.h"

namespace {

using naru::faults::Counts;

void print(const Counts& counts, std::uint64_t lost, double seconds) {
  std::printf(
      "round ok=%llu failed=%llu unknown=%llu unknown_arrived=%llu duplicates=%llu "
      "flagged_needlessly=%llu connections_lost=%llu seconds=%.1f\n",
      static_cast<unsigned long long>(counts.ok), static_cast<unsigned long long>(counts.failed),
      static_cast<unsigned long long>(counts.unknown),
      static_cast<unsigned long long>(counts.unknown_arrived),
      static_cast<unsigned long long>(counts.duplicates),
      static_cast<unsigned long long>(counts.flagged_needlessly),
      static_cast<unsigned long long>(lost), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: naru_text_round PORT ROUND TEXT BYTES\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  const auto number = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const naru::faults::Text text(argv[3], std::strtoull(argv[4], nullptr, 10));

  naru::faults::Round round(port, number, text);
  const auto started = std::chrono::steady_clock::now();
  const bool ended = round.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;

  auto& history = round.history();
  history.finish();
  if (!ended) std::printf("violation: nothing moved any more\n");
  if (!round.refusal().empty()) std::printf("violation: closed: %s\n", round.refusal().c_str());
  for (const auto& each : history.violations()) std::printf("violation: %s\n", each.c_str());
  if (history.violation_count() > history.violations().size()) {
    std::printf("violation: and more, %llu in all\n",
                static_cast<unsigned long long>(history.violation_count()));
  }
  print(history.counts(), round.connections_lost(), took.count());
  return ended && round.refusal().empty() && history.violation_count() == 0 ? 0 : 1;
}
