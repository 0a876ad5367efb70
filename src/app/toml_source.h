#pragma once
/// TOML as keys and values. The only file that includes toml++.

#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace naru::app {

struct TomlEntry {
  std::string key;  // "listeners.amqp"
  SettingValue value;
  std::uint32_t line = 0;
};

/// All keys of a document, tables flattened with dots. Errors: malformed, "line 3: …".
Result<std::vector<TomlEntry>> read_toml(std::string_view document);

/// One value as it stands behind `=`. Errors: malformed.
Result<SettingValue> read_toml_value(std::string_view text);

}  // namespace naru::app
