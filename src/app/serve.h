#pragma once
/// `naru serve`.

#include <CLI/CLI.hpp>

namespace naru::app {

/// Adds the command; its exit code goes to `exit_code`. 0: stopped cleanly. 1: could not start, or
/// the disk failed. 2: usage or configuration.
void add_serve(CLI::App& app, int& exit_code);

}  // namespace naru::app
