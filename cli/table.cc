#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace naru::cli {

namespace {

/// As wide as a terminal shows it, for what names are made of: one column per character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

const json::value* find(const json::value& row, std::string_view path) {
  const json::value* at = &row;
  while (at != nullptr && !path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    at = at->is_object() ? at->get_object().if_contains({part.data(), part.size()}) : nullptr;
  }
  return at;
}

struct Cell {
  std::string text;
  bool is_number = false;
};

void append_line(std::string& out, const std::vector<Cell>& cells,
                 const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i].text), ' ');
    if (i != 0) line += "  ";
    line += cells[i].is_number ? padding + cells[i].text : cells[i].text + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

}  // namespace

std::string cell_text(const json::value& value) {
  if (value.is_string()) return escaped({value.get_string().data(), value.get_string().size()});
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  if (value.is_null()) return "";
  if (value.is_object() && value.get_object().empty()) return "";
  if (value.is_array()) {
    std::string out;
    for (const json::value& item : value.get_array()) {
      out += (out.empty() ? "" : ",") + cell_text(item);
    }
    return out;
  }
  return admin::serialize(value);
}

std::string format_table(const json::value& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<Cell>> lines(1);
  for (const Column& column : columns) lines[0].push_back({std::string(column.title)});
  if (rows.is_array()) {
    for (const json::value& row : rows.get_array()) {
      std::vector<Cell>& line = lines.emplace_back();
      for (const Column& column : columns) {
        const json::value* value = find(row, column.member);
        line.push_back(value == nullptr ? Cell{} : Cell{cell_text(*value), value->is_number()});
      }
    }
  }
  std::vector<std::size_t> widths(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    // A title stands as its numbers do.
    lines[0][i].is_number = lines.size() > 1 && lines[1][i].is_number;
    for (const auto& line : lines) widths[i] = std::max(widths[i], width_of(line[i].text));
  }
  std::string out;
  for (const auto& line : lines) append_line(out, line, widths);
  return out;
}

std::string format_facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) width = std::max(width, name.size());
  std::string out;
  for (const auto& [name, value] : facts) {
    out += fmt::format("{:<{}}  {}\n", name, width, value);
  }
  return out;
}

}  // namespace naru::cli
