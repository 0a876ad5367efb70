#include "tests/fuzz/cli_peer.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/check.h"

namespace naru::fuzz {

void run_command(const CommandLine& line, cli::Environment& environment, const Terminal& terminal) {
  CLI::App app;
  cli::Action chosen;
  cli::Command root(app);
  line.add(root, {environment, chosen});
  app.parse(std::vector<std::string>(line.arguments.rbegin(), line.arguments.rend()));
  const cli::Outcome<void> outcome = chosen();
  NARU_CHECK(outcome || !outcome.error().what.empty(), "a failure says why");
  NARU_CHECK(outcome || outcome.error().exit != cli::Exit::ok, "a failure has an exit code");
  NARU_CHECK(outcome || outcome.error().exit != cli::Exit::usage, "the command line was right");
  for (const char c : terminal.output) {
    NARU_CHECK(c == '\n' || static_cast<unsigned char>(c) >= 0x20,
               "names do not rewrite terminals");
  }
}

}  // namespace naru::fuzz
