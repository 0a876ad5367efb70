#include "app/toml_source.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>

namespace naru::app {

namespace {

std::optional<SettingValue> value_of(const toml::node& node) {
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* text = node.as_string()) return text->get();
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return std::nullopt;
    texts.push_back(text->get());
  }
  return texts;
}

Result<void> flatten(const toml::table& table, const std::string& prefix,
                     std::vector<TomlEntry>& entries) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const std::uint32_t line = node.source().begin.line;
    if (const auto* inner = node.as_table()) {
      NARU_TRY_VOID(flatten(*inner, key + ".", entries));
      continue;
    }
    auto value = value_of(node);
    if (!value) {
      return fail(
          Errc::malformed,
          fmt::format("line {}: {}: takes a number, a text, true, false, or a list of texts", line,
                      key));
    }
    entries.push_back({key, std::move(*value), line});
  }
  return {};
}

}  // namespace

Result<std::vector<TomlEntry>> read_toml(std::string_view document) {
  const toml::parse_result parsed = toml::parse(document);
  if (!parsed) {
    return fail(Errc::malformed, fmt::format("line {}: {}", parsed.error().source().begin.line,
                                             parsed.error().description()));
  }
  std::vector<TomlEntry> entries;
  NARU_TRY_VOID(flatten(parsed.table(), "", entries));
  return entries;
}

Result<SettingValue> read_toml_value(std::string_view text) {
  // A line break would begin another key.
  if (text.contains('\n')) return fail(Errc::malformed, "takes one line");
  NARU_TRY(entries, read_toml("value = " + std::string(text)));
  if (entries.size() != 1 || entries.front().key != "value") {
    return fail(Errc::malformed, "takes one value");
  }
  return std::move(entries.front().value);
}

}  // namespace naru::app
