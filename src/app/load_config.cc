#include "app/load_config.h"

#include <fmt/format.h>

#include "app/settings.h"
#include "app/toml_source.h"

namespace naru::app {

namespace {

Result<const Setting*> known(std::string_view key, std::string_view where) {
  if (const Setting* setting = find_setting(key)) return setting;
  const std::string_view nearest = nearest_key(key);
  return fail(
      Errc::malformed,
      fmt::format("{}: unknown setting '{}'{}; 'naru serve --help-config' lists them all", where,
                  key, nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

Result<void> assign_from(Config& config, const Setting& setting, const SettingValue& value,
                         std::string_view where) {
  Result<void> assigned = assign(config, setting, value);
  if (assigned) return {};
  return fail(Errc::malformed, fmt::format("{}: {} {}", where, setting.key, assigned.error().what));
}

/// A value of the environment or of --set: TOML, or a bare word where a text is wanted.
SettingValue value_from(std::string_view text) {
  Result<SettingValue> value = read_toml_value(text);
  return value ? std::move(*value) : SettingValue(std::string(text));
}

Result<void> take_file(Config& config, const std::string& name, const std::string& content) {
  Result<std::vector<TomlEntry>> entries = read_toml(content);
  if (!entries) return fail(Errc::malformed, fmt::format("{}: {}", name, entries.error().what));
  for (const TomlEntry& entry : *entries) {
    const std::string where = fmt::format("{}: line {}", name, entry.line);
    NARU_TRY(setting, known(entry.key, where));
    NARU_TRY_VOID(assign_from(config, *setting, entry.value, where));
  }
  return {};
}

Result<void> take_environment(Config& config,
                              const std::function<const char*(const char*)>& lookup) {
  for (const Setting& setting : settings()) {
    const std::string name = environment_name(setting);
    const char* text = lookup(name.c_str());
    if (text == nullptr) continue;
    NARU_TRY_VOID(assign_from(config, setting, value_from(text), name));
  }
  return {};
}

Result<void> take_set(Config& config, std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) {
    return fail(Errc::malformed,
                fmt::format("--set {}: takes KEY=VALUE, like --set log.level=debug", argument));
  }
  const std::string_view key = argument.substr(0, equals);
  NARU_TRY(setting, known(key, "--set"));
  return assign_from(config, *setting, value_from(argument.substr(equals + 1)), "--set");
}

}  // namespace

Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  if (sources.file) NARU_TRY_VOID(take_file(config, sources.file->first, sources.file->second));
  if (sources.environment) NARU_TRY_VOID(take_environment(config, sources.environment));
  for (const std::string& set : sources.sets) NARU_TRY_VOID(take_set(config, set));
  if (sources.data_dir) config.data_dir = *sources.data_dir;
  if (config.data_dir.empty()) return fail(Errc::malformed, "--data-dir: takes a directory");
  return config;
}

}  // namespace naru::app
