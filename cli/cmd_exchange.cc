// naru exchange …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Options {
  std::string name;
  std::string tenant;
  // declare
  std::string type = "direct";
  bool transient = false;
  bool auto_delete = false;
  bool internal = false;
  std::vector<std::string> arguments;
  // delete
  bool if_unused = false;
};

std::shared_ptr<Options> add_common(Command& command, const Shell& shell) {
  auto options = std::make_shared<Options>();
  command.required_text("NAME", options->name, "The exchange's name");
  add_tenant_option(command, shell, options->tenant);
  return options;
}

void add_declare(Command& noun, const Shell& shell) {
  Command command = noun.add("declare", "Make a durable exchange, if it is not there");
  auto options = add_common(command, shell);
  command.choice("--type", options->type, {"direct", "fanout", "topic", "headers"},
                 "How it chooses among its bindings; direct when not said");
  command.flag("--transient", options->transient, "Gone when the broker stops");
  command.flag("--auto-delete", options->auto_delete, "Gone with its last binding");
  command.flag("--internal", options->internal, "Fed by other exchanges only");
  command.texts("-a,--argument", options->arguments, "KEY=VALUE",
                "An argument such as alternate-exchange=lost; may be repeated");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    NARU_TRY(arguments, parse_arguments(options->arguments));
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("PUT", "/api/exchanges/{vhost}/{exchange}",
                                {options->tenant, options->name},
                                {.body = {{"type", admin::json_text(options->type)},
                                          {"durable", !options->transient},
                                          {"auto_delete", options->auto_delete},
                                          {"internal", options->internal},
                                          {"arguments", std::move(arguments)}}}));
    tell(shell.environment.console, fmt::format("Exchange {} is there.", options->name));
    return {};
  });
}

void add_delete(Command& noun, const Shell& shell) {
  Command command = noun.add("delete", "Delete an exchange with its bindings");
  auto options = add_common(command, shell);
  command.flag("--if-unused", options->if_unused, "Only if nothing is bound to it");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    RequestExtra extra;
    if (options->if_unused) extra.query.emplace_back("if-unused", "true");
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", "/api/exchanges/{vhost}/{exchange}",
                                {options->tenant, options->name}, std::move(extra)));
    tell(shell.environment.console, fmt::format("Exchange {} is deleted.", options->name));
    return {};
  });
}

}  // namespace

void add_exchange_commands(Command& root, const Shell& shell) {
  Command noun = add_noun(root, "exchange", "List, declare and delete exchanges");
  add_list(noun, shell, "List exchanges",
           {"/api/exchanges",
            "/api/exchanges/{vhost}",
            {{"TENANT", "vhost"},
             {"NAME", "name"},
             {"TYPE", "type"},
             {"DURABLE", "durable"},
             {"AUTO-DELETE", "auto_delete"},
             {"INTERNAL", "internal"},
             {"ARGUMENTS", "arguments"}}});
  add_declare(noun, shell);
  add_delete(noun, shell);
}

}  // namespace naru::cli
