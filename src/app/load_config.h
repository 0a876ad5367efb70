#pragma once
/// Puts the configuration together: flag before environment before file before default.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace naru::app {

struct ConfigSources {
  /// --config FILE: its name, for messages, and its content.
  std::optional<std::pair<std::string, std::string>> file;
  /// Looks an environment variable up; null when it is not set.
  std::function<const char*(const char* name)> environment;
  /// --set KEY=TOMLVALUE, in order.
  std::vector<std::string> sets;
  /// --data-dir DIR
  std::optional<std::string> data_dir;
};

/// Errors: malformed, in one line that says where, what and how to mend it.
Result<Config> load_config(const ConfigSources& sources);

/// Settings that contradict each other. Errors: limit, in one line that names the settings and how
/// to mend it.
Result<void> check_agreement(const Config& config);

/// A warning for each variable named NARU_… that no program of Naru reads, with the one that was
/// probably meant. `names` are those of the whole environment.
std::vector<std::string> warn_of_unknown_variables(const std::vector<std::string>& names);

}  // namespace naru::app
