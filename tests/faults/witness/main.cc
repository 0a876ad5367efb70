// Publishes and consumes while somebody else breaks the broker, and notes every promise that is not
// kept; see ../README.md.
//
//   naru_witness PORT RUN text FILE BYTES          every line of a text, once
//   naru_witness PORT RUN drawn SEED HEARTBEAT_S BACKLOG_MAX [QUEUES]
//                                                  drawn messages, until told to drain
//
// NARU_WITNESS_TRACE names a file that every event is written to. Takes commands on standard input
// (world.h). Prints as it goes on, and at the end a line for each violation and a line `history …`
// of counts. Exit: 0 no violation, 1 some, 2 usage.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "world.h"

namespace {

using namespace naru::faults;  // NOLINT: a program of its own

int usage() {
  std::fprintf(stderr,
               "usage: naru_witness PORT RUN text FILE BYTES\n"
               "       naru_witness PORT RUN drawn SEED HEARTBEAT_S BACKLOG_MAX [QUEUES]\n");
  return 2;
}

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

std::unique_ptr<Source> make_source(int argc, char** argv, WorldOptions& options) {
  if (argc == 6 && std::strcmp(argv[3], "text") == 0) {
    return std::make_unique<TextSource>(Text(argv[4], number(argv[5])));
  }
  if ((argc != 7 && argc != 8) || std::strcmp(argv[3], "drawn") != 0) return nullptr;
  options.seed = number(argv[4]);
  options.link.heartbeat_s = static_cast<std::uint16_t>(number(argv[5]));
  options.backlog_max = number(argv[6]);
  options.manners = Manners::moody;
  const Shape shape{.publishers = 9,
                    .queues = argc == 8 ? number(argv[7]) : 4,
                    .consumers = 4,
                    .getters = 2,
                    .transactors = 4};
  return std::make_unique<DrawnSource>(shape, options.seed);
}

void print_count(const char* name, std::uint64_t value) {
  std::printf(" %s=%llu", name, static_cast<unsigned long long>(value));
}

void print_counts(World& world, double seconds) {
  const Counts& counts = world.history().counts();
  std::printf("history");
  print_count("sent", counts.sent);
  print_count("ok", counts.ok);
  print_count("failed", counts.failed);
  print_count("unknown", counts.unknown);
  print_count("unknown_arrived", counts.unknown_arrived);
  print_count("delivered", counts.delivered);
  print_count("settled", counts.settled);
  print_count("returned", counts.returned);
  print_count("lost", counts.lost);
  print_count("transient_lost", counts.transient_lost);
  print_count("duplicates", counts.duplicates);
  print_count("unflagged", counts.unflagged);
  print_count("flagged_needlessly", counts.flagged_needlessly);
  print_count("resurrected", counts.resurrected);
  print_count("resurrected_age_ms", counts.resurrected_age_ms);
  print_count("committed", counts.committed);
  print_count("rolled_back", counts.rolled_back);
  print_count("in_doubt", counts.in_doubt);
  print_count("counted", counts.counted);
  print_count("connections_lost", world.connections_lost());
  print_count("silences", world.silences());
  print_count("times_blocked", world.times_blocked());
  std::printf(" seconds=%.1f\n", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return usage();
  WorldOptions options;
  options.link.port = static_cast<std::uint16_t>(number(argv[1]));
  options.run = static_cast<std::uint32_t>(number(argv[2]));
  if (const char* seconds = std::getenv("NARU_WITNESS_PATIENCE_S")) {
    options.patience = number(seconds) * 1'000;
  }
  const std::unique_ptr<Source> source = make_source(argc, argv, options);
  if (!source) return usage();

  World world(options, *source);
  if (const char* path = std::getenv("NARU_WITNESS_TRACE")) {
    world.history().set_trace(std::fopen(path, "w"));
  }
  const auto started = std::chrono::steady_clock::now();
  const bool ended = world.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;

  History& history = world.history();
  history.finish();
  if (!ended) std::printf("violation: nothing moved any more\n");
  for (const auto& each : world.refusals()) std::printf("refusal: %s\n", each.c_str());
  for (const auto& each : history.violations()) std::printf("violation: %s\n", each.c_str());
  if (history.violation_count() > history.violations().size()) {
    std::printf("violation: and more, %llu in all\n",
                static_cast<unsigned long long>(history.violation_count()));
  }
  print_counts(world, took.count());
  return ended && history.violation_count() == 0 ? 0 : 1;
}
