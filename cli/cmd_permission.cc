// naru permission …, naru tenant …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Options {
  std::string user;
  std::string tenant;
  std::string configure = ".*";
  std::string write = ".*";
  std::string read = ".*";
};

std::shared_ptr<Options> add_common(Command& command, const Shell& shell) {
  auto options = std::make_shared<Options>();
  command.required_text("USER", options->user, "The user's name");
  add_tenant_option(command, shell, options->tenant);
  return options;
}

void add_set(Command& noun, const Shell& shell) {
  Command command = noun.add("set", "Say what a user may do in a tenant: by default, everything");
  auto options = add_common(command, shell);
  command.text("--configure", options->configure, "PATTERN",
               "Names that it may declare and delete");
  command.text("--write", options->write, "PATTERN", "Names that it may publish to and bind");
  command.text("--read", options->read, "PATTERN", "Names that it may consume from and bind");
  command.footer(
      "A pattern is a regular expression found anywhere in the name: '^orders' is all that begin "
      "with orders, '.*' is everything, '' is nothing.");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("PUT", "/api/permissions/{vhost}/{user}",
                                {options->tenant, options->user},
                                {.body = {{"configure", admin::json_text(options->configure)},
                                          {"write", admin::json_text(options->write)},
                                          {"read", admin::json_text(options->read)}}}));
    tell(shell.environment.console,
         fmt::format("The permission of {} in {} is set.", options->user, options->tenant));
    return {};
  });
}

void add_delete(Command& noun, const Shell& shell) {
  Command command = noun.add("delete", "Take a user's permission in a tenant away");
  auto options = add_common(command, shell);
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", "/api/permissions/{vhost}/{user}",
                                {options->tenant, options->user}));
    tell(shell.environment.console,
         fmt::format("{} may do nothing in {} now.", options->user, options->tenant));
    return {};
  });
}

struct TenantChange {
  std::string verb;
  std::string method;
  std::string help;
  std::string done;
};

void add_tenant_change(Command& noun, const Shell& shell, const TenantChange& change) {
  Command command = noun.add(change.verb, change.help);
  auto name = std::make_shared<std::string>();
  command.required_text("NAME", *name, "The tenant's name");
  command.on_chosen(shell.chosen, [shell, name, change]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change(change.method, "/api/vhosts/{vhost}", {*name}));
    tell(shell.environment.console, fmt::format("Tenant {} is {}.", *name, change.done));
    return {};
  });
}

}  // namespace

void add_permission_commands(Command& root, const Shell& shell) {
  Command noun = add_noun(root, "permission", "List, set and delete what users may do");
  add_list(noun, shell, "List permissions",
           {"/api/permissions",
            "/api/vhosts/{vhost}/permissions",
            {{"TENANT", "vhost"},
             {"USER", "user"},
             {"CONFIGURE", "configure"},
             {"WRITE", "write"},
             {"READ", "read"}}});
  add_set(noun, shell);
  add_delete(noun, shell);
}

void add_tenant_commands(Command& root, const Shell& shell) {
  Command noun =
      add_noun(root, "tenant", "List, add and delete tenants, which AMQP calls virtual hosts");
  add_list(
      noun, shell, "List tenants",
      {"/api/vhosts",
       "",
       {{"NAME", "name"}, {"READY", "messages_ready"}, {"UNACKED", "messages_unacknowledged"}}});
  add_tenant_change(noun, shell, {"add", "PUT", "Make a tenant, if it is not there", "there"});
  add_tenant_change(noun, shell,
                    {"delete", "DELETE", "Delete a tenant and all that is in it", "deleted"});
}

}  // namespace naru::cli
