#pragma once
/// The commands of `naru` that speak to a running broker.

#include "cli/command_line.h"
#include "cli/environment.h"

namespace naru::cli {

/// Adds every command to `app`. The one that the command line names puts itself into `chosen`.
/// `environment` and `chosen` outlive the parsing and the action.
void add_commands(CLI::App& app, Environment& environment, Action& chosen);

/// Runs the chosen action and returns the process's exit code; a failure is told in one line.
int run(const Action& chosen, Console& console);

}  // namespace naru::cli
