#pragma once
/// Listings as people read them.

#include <string>
#include <string_view>
#include <vector>

#include "admin/json.h"

namespace naru::cli {

namespace json = admin::json;

/// One column: its title, and the member it shows ("queue.name" is a member of a member).
struct Column {
  std::string_view title;
  std::string_view member;
};

/// What a table shows of a JSON value: texts as they are, flags as yes and no, control characters
/// escaped (a name must not rewrite the terminal).
std::string cell_text(const json::value& value);

/// Aligns the rows of an array of objects below the titles; numbers to the right. Ends every line,
/// and no line with blanks.
std::string format_table(const json::value& rows, const std::vector<Column>& columns);

/// "Name: value" lines, aligned.
std::string format_facts(const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace naru::cli
