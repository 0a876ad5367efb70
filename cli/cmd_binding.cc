// naru binding …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Binding {
  std::string tenant;
  std::string source;
  std::string destination;
  bool to_exchange = false;
  std::string key;
  std::vector<std::string> arguments;
};

std::shared_ptr<Binding> add_binding_options(Command& command, const Shell& shell) {
  auto binding = std::make_shared<Binding>();
  command.required_text("SOURCE", binding->source, "The exchange that messages come from");
  command.required_text("DESTINATION", binding->destination, "The queue that they go to");
  add_tenant_option(command, shell, binding->tenant);
  command.text("-k,--routing-key", binding->key, "KEY",
               "Which messages: their key, or a pattern of it");
  command.flag("--to-exchange", binding->to_exchange, "DESTINATION is an exchange");
  command.texts("-a,--argument", binding->arguments, "KEY=VALUE",
                "An argument such as x-match=all; may be repeated");
  return binding;
}

std::string_view path_of(const Binding& binding) {
  return binding.to_exchange ? "/api/bindings/{vhost}/e/{source}/e/{destination}"
                             : "/api/bindings/{vhost}/e/{source}/q/{destination}";
}

std::string_view one_path_of(const Binding& binding) {
  return binding.to_exchange ? "/api/bindings/{vhost}/e/{source}/e/{destination}/{properties}"
                             : "/api/bindings/{vhost}/e/{source}/q/{destination}/{properties}";
}

void add_create(Command& noun, const Shell& shell) {
  Command command = noun.add("create", "Bind a queue, or an exchange, to an exchange");
  auto binding = add_binding_options(command, shell);
  command.on_chosen(shell.chosen, [shell, binding]() -> Outcome<void> {
    NARU_TRY(arguments, parse_arguments(binding->arguments));
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("POST", path_of(*binding),
                                {binding->tenant, binding->source, binding->destination},
                                {.body = {{"routing_key", admin::json_text(binding->key)},
                                          {"arguments", std::move(arguments)}}}));
    tell(shell.environment.console,
         fmt::format("{} is bound to {}.", binding->destination, binding->source));
    return {};
  });
}

/// The properties_key of the binding that the options describe, from a listing.
Outcome<std::string> find_key(const json::value& bindings, const Binding& wanted,
                              const json::object& arguments) {
  const json::value wanted_key(admin::json_text(wanted.key));
  const json::value wanted_arguments(arguments);
  for (const json::value& row : bindings.get_array()) {
    if (!row.is_object()) continue;
    const json::value* key = row.get_object().if_contains("routing_key");
    const json::value* has = row.get_object().if_contains("arguments");
    const json::value* name = row.get_object().if_contains("properties_key");
    if (key == nullptr || has == nullptr || name == nullptr || !name->is_string()) continue;
    if (*key == wanted_key && *has == wanted_arguments) return std::string(name->get_string());
  }
  return failed(
      Exit::not_found,
      fmt::format("{} is not bound to {} with this key and these arguments; `naru binding "
                  "list` shows what is",
                  wanted.destination, wanted.source));
}

void add_delete(Command& noun, const Shell& shell) {
  Command command = noun.add("delete", "Remove a binding");
  auto binding = add_binding_options(command, shell);
  command.on_chosen(shell.chosen, [shell, binding]() -> Outcome<void> {
    NARU_TRY(arguments, parse_arguments(binding->arguments));
    AdminClient client(shell.environment);
    NARU_TRY(rows, client.get(path_of(*binding),
                              {binding->tenant, binding->source, binding->destination}));
    if (!rows.is_array()) return failed(Exit::failure, "the broker's answer is no list");
    NARU_TRY(key, find_key(rows, *binding, arguments));
    NARU_TRY_VOID(client.change("DELETE", one_path_of(*binding),
                                {binding->tenant, binding->source, binding->destination, key}));
    tell(shell.environment.console,
         fmt::format("{} is no longer bound to {}.", binding->destination, binding->source));
    return {};
  });
}

}  // namespace

void add_binding_commands(Command& root, const Shell& shell) {
  Command noun = add_noun(root, "binding", "List, create and delete bindings");
  add_list(noun, shell, "List bindings",
           {"/api/bindings",
            "/api/bindings/{vhost}",
            {{"TENANT", "vhost"},
             {"SOURCE", "source"},
             {"DESTINATION", "destination"},
             {"TO", "destination_type"},
             {"ROUTING-KEY", "routing_key"},
             {"ARGUMENTS", "arguments"}}});
  add_create(noun, shell);
  add_delete(noun, shell);
}

}  // namespace naru::cli
