// Configuration: whatever a file, the environment and --set hold, it loads or is refused in one
// line, and what was loaded is within the bounds of each setting and reads the same when it is
// written.
//
// The input is a file; lines that begin with "--set " are such flags instead, and lines that begin
// with "NARU_" variables of the environment.

#include <cstdint>
#include <map>
#include <string>

#include "app/load_config.h"
#include "app/settings.h"
#include "base/bytes.h"
#include "base/check.h"

namespace {

using namespace naru;
using namespace naru::app;

struct Input {
  std::string file;
  std::vector<std::string> sets;
  std::map<std::string, std::string> environment;
};

Input split(std::string_view text) {
  Input input;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("--set ")) {
      input.sets.emplace_back(line.substr(6));
    } else if (line.starts_with("NARU_") && line.contains('=')) {
      const std::size_t equals = line.find('=');
      input.environment[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    } else {
      input.file += line;
      input.file += '\n';
    }
  }
  return input;
}

void check_bounds(const Config& config) {
  for (const Setting& setting : settings()) {
    if (const auto* number = std::get_if<std::uint64_t Config::*>(&setting.field)) {
      const std::uint64_t value = config.**number;
      NARU_CHECK(value >= setting.min && value <= setting.max, "a number is within its bounds");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = split(as_text(ByteView(data, size)));
  ConfigSources sources;
  sources.file = {"naru.toml", input.file};
  sources.sets = input.sets;
  sources.environment = [&input](const char* name) -> const char* {
    const auto found = input.environment.find(name);
    return found == input.environment.end() ? nullptr : found->second.c_str();
  };
  const Result<Config> config = load_config(sources);
  if (!config) {
    NARU_CHECK(!config.error().what.empty(), "a refusal says why");
    NARU_CHECK(!config.error().what.contains('\n'), "in one line");
    return 0;
  }
  check_bounds(*config);
  // Each setting by its key, as --help-config prints them: the same configuration.
  ConfigSources again;
  for (const Setting& setting : settings()) {
    const std::string written = to_toml(*config, setting);
    again.sets.push_back(std::string(setting.key) + "=" + written);
  }
  const Result<Config> second = load_config(again);
  NARU_CHECK(second.has_value(), "what was written reads");
  for (const Setting& setting : settings()) {
    NARU_CHECK(to_toml(*second, setting) == to_toml(*config, setting), "reads the same");
  }
  return 0;
}
