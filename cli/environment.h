#pragma once
/// Everything outside of a command, handed in by app/; fakes in tests.

#include <functional>
#include <string>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/outcome.h"
#include "io/blocking.h"
#include "io/http.h"

namespace naru::cli {

struct Environment {
  Console& console;
  io::HttpClient& http;
  io::Connector& connector;
  /// A variable of the process's environment; null when it is not set.
  std::function<const char*(const char* name)> variable;
  std::string version;

  /// The variable, or `otherwise` when it is not set or empty.
  std::string variable_or(const char* name, std::string otherwise) const {
    const char* value = variable(name);
    return value != nullptr && *value != '\0' ? std::string(value) : std::move(otherwise);
  }
};

/// How long a command waits for one answer.
inline constexpr Duration kAnswerTimeMax = std::chrono::seconds(30);

}  // namespace naru::cli
