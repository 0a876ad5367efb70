#pragma once
/// What the commands of all nouns share: options, output, listings.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/admin_client.h"
#include "cli/command_line.h"
#include "cli/environment.h"
#include "cli/table.h"

namespace naru::cli {

/// Handed to the functions that add commands; actions keep a copy.
struct Shell {
  Environment& environment;
  Action& chosen;
};

/// The group `naru queue`.
Command add_noun(Command& root, const std::string& name, const std::string& help);

/// "-o table|json" writes to `format`.
void add_output_option(Command& command, std::string& format);
/// "-t NAME" writes to `tenant`, which becomes NARU_TENANT or "/" without it.
void add_tenant_option(Command& command, const Shell& shell, std::string& tenant);

/// "list" of a noun: the rows of `all` as a table, or the API's own JSON; with --tenant (or
/// NARU_TENANT) those of `of_tenant`, where there is one.
struct Listing {
  std::string_view all;        // "/api/queues"
  std::string_view of_tenant;  // "/api/queues/{vhost}", or empty
  std::vector<Column> columns;
};
void add_list(Command& noun, const Shell& shell, const std::string& help, Listing listing);

/// Prints `value` as JSON on one line.
Outcome<void> print_json(Console& console, const json::value& value);
Outcome<void> print(Console& console, std::string_view text);
/// "Queue orders is there.": told to people only, not to scripts.
void tell(Console& console, std::string_view text);

/// "x-message-ttl=5000": the value is JSON when it reads as such, else a text. Failure: usage.
Outcome<json::object> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace naru::cli
