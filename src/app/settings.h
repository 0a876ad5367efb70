#pragma once
/// The one table of settings: every key with its type, default, unit, bounds and text. Loading,
/// `naru serve --help-config` and docs/configuration.md come from it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace naru::app {

/// A value as a file, the environment or a flag gives it.
using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

struct Setting {
  using Field = std::variant<std::string Config::*, std::uint64_t Config::*,
                             std::vector<io::Endpoint> Config::*, MemoryLimit Config::*>;
  std::string_view key;   // "storage.wal_file_bytes"
  std::string_view unit;  // "bytes", "ms", "bytes or %", or empty
  Field field;
  std::string_view text;  // a sentence or two
  std::uint64_t min = 0;  // of numbers
  std::uint64_t max = UINT64_MAX;
  std::span<const std::string_view> choices = {};  // of texts; empty: any
};

std::span<const Setting> settings();

/// Null when there is none.
const Setting* find_setting(std::string_view key);

/// The known key that looks most like `key`, or ends with it; empty when none does.
std::string_view nearest_key(std::string_view key);

/// NARU_STORAGE_WAL_FILE_BYTES for storage.wal_file_bytes.
std::string environment_name(const Setting& setting);

/// Errors: malformed, saying what the setting takes.
Result<void> assign(Config& config, const Setting& setting, const SettingValue& value);

/// The setting's value as TOML: `67108864`, `"info"`, `["127.0.0.1:5672"]`.
std::string to_toml(const Config& config, const Setting& setting);

/// "text", "bytes", "list of addresses", …
std::string_view type_name(const Setting& setting);

/// For people: `naru serve --help-config`.
std::string settings_help();
/// For docs/configuration.md: one table row per setting.
std::string settings_markdown();

}  // namespace naru::app
