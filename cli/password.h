#pragma once
/// A password that is neither on the command line nor on the screen.

#include <string>

#include "cli/console.h"
#include "cli/outcome.h"

namespace naru::cli {

/// Asks twice at a terminal, unseen; else reads the first line of the input. Failure: usage (empty,
/// or the two differ).
Outcome<std::string> read_new_password(Console& console);

}  // namespace naru::cli
