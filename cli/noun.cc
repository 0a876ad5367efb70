#include "cli/noun.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

namespace naru::cli {

Command add_noun(Command& root, const std::string& name, const std::string& help) {
  Command noun = root.add(name, help);
  noun.require_one();
  return noun;
}

void add_output_option(Command& command, std::string& format) {
  command.choice("-o,--output", format, {"table", "json"},
                 "How to print it; json is as the HTTP API has it");
}

void add_tenant_option(Command& command, const Shell& shell, std::string& tenant) {
  tenant = shell.environment.variable_or("NARU_TENANT", "/");
  command.text("-t,--tenant,--vhost", tenant, "NAME",
               "Which tenant (vhost); else NARU_TENANT, or /");
}

void add_list(Command& noun, const Shell& shell, const std::string& help, Listing listing) {
  struct Options {
    std::string format;
    std::string tenant;
  };
  Command command = noun.add("list", help);
  auto options = std::make_shared<Options>();
  add_output_option(command, options->format);
  if (!listing.of_tenant.empty()) {
    options->tenant = shell.environment.variable_or("NARU_TENANT", "");
    command.text("-t,--tenant,--vhost", options->tenant, "NAME", "Of this tenant (vhost) only");
  }
  command.on_chosen(shell.chosen, [shell, options, listing]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY(rows, options->tenant.empty() ? client.get(listing.all)
                                           : client.get(listing.of_tenant, {options->tenant}));
    if (options->format == "json") return print_json(shell.environment.console, rows);
    return print(shell.environment.console, format_table(rows, listing.columns));
  });
}

Outcome<void> print_json(Console& console, const json::value& value) {
  return print(console, admin::serialize(value) + "\n");
}

Outcome<void> print(Console& console, std::string_view text) {
  console.write(text);  // run() says when it cannot be
  return {};
}

void tell(Console& console, std::string_view text) {
  if (console.output_is_terminal()) console.write(fmt::format("{}\n", text));
}

Outcome<json::object> parse_arguments(const std::vector<std::string>& arguments) {
  json::object out;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return failed(Exit::usage, fmt::format("'{}' must look like x-message-ttl=5000", argument));
    }
    const std::string text = argument.substr(equals + 1);
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    out[argument.substr(0, equals)] = error ? json::value(admin::json_text(text)) : value;
  }
  return out;
}

}  // namespace naru::cli
