#pragma once
/// How a command ends.

#include <expected>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/console.h"

namespace naru::cli {

/// The process's exit code, the same for every command.
enum class Exit : int {
  ok = 0,
  failure = 1,
  usage = 2,
  not_found = 4,
  conflict = 5,
  permission = 6,
  unreachable = 7,
};

/// Why a command failed, in one line that says what to do.
struct Failure {
  Exit exit = Exit::failure;
  std::string what;
};

template <typename T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(Exit exit, std::string what) {
  return std::unexpected<Failure>(Failure{exit, std::move(what)});
}

/// The broker's reason with what to do about it, where that can be told.
std::string with_advice(Exit exit, std::string reason);

/// Whether all that `console` was given is written. Failure: some is not, and why. Somebody who
/// does not read to the end (`| head`) has seen enough: that is none.
Outcome<void> all_written(const Console& console);
/// Why what `console` was given is not written.
std::string why_not_written(const Console& console);

/// What an error of the broker, or on the way to it, means for the exit code.
Exit exit_of(Errc code);

}  // namespace naru::cli
