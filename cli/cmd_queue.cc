// naru queue …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Options {
  std::string name;
  std::string tenant;
  // declare
  bool transient = false;
  bool auto_delete = false;
  std::vector<std::string> arguments;
  // delete
  bool if_unused = false;
  bool if_empty = false;
};

std::shared_ptr<Options> add_common(Command& command, const Shell& shell) {
  auto options = std::make_shared<Options>();
  command.required_text("NAME", options->name, "The queue's name");
  add_tenant_option(command, shell, options->tenant);
  return options;
}

void add_declare(Command& noun, const Shell& shell) {
  Command command = noun.add("declare", "Make a durable queue, if it is not there");
  auto options = add_common(command, shell);
  command.flag("--transient", options->transient, "Gone when the broker stops");
  command.flag("--auto-delete", options->auto_delete, "Gone with its last consumer");
  command.texts("-a,--argument", options->arguments, "KEY=VALUE",
                "An argument such as x-message-ttl=5000; may be repeated");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    NARU_TRY(arguments, parse_arguments(options->arguments));
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("PUT", "/api/queues/{vhost}/{queue}",
                                {options->tenant, options->name},
                                {.body = {{"durable", !options->transient},
                                          {"auto_delete", options->auto_delete},
                                          {"arguments", std::move(arguments)}}}));
    tell(shell.environment.console, fmt::format("Queue {} is there.", options->name));
    return {};
  });
}

void add_delete(Command& noun, const Shell& shell) {
  Command command = noun.add("delete", "Delete a queue with its messages");
  auto options = add_common(command, shell);
  command.flag("--if-unused", options->if_unused, "Only if it has no consumer");
  command.flag("--if-empty", options->if_empty, "Only if it has no message");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    RequestExtra extra;
    if (options->if_unused) extra.query.emplace_back("if-unused", "true");
    if (options->if_empty) extra.query.emplace_back("if-empty", "true");
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", "/api/queues/{vhost}/{queue}",
                                {options->tenant, options->name}, std::move(extra)));
    tell(shell.environment.console, fmt::format("Queue {} is deleted.", options->name));
    return {};
  });
}

void add_purge(Command& noun, const Shell& shell) {
  Command command = noun.add("purge", "Drop the messages of a queue that no consumer holds");
  auto options = add_common(command, shell);
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", "/api/queues/{vhost}/{queue}/contents",
                                {options->tenant, options->name}));
    tell(shell.environment.console, fmt::format("Queue {} is purged.", options->name));
    return {};
  });
}

}  // namespace

void add_queue_commands(Command& root, const Shell& shell) {
  Command noun = add_noun(root, "queue", "List, declare, delete and purge queues");
  add_list(noun, shell, "List queues and how full they are",
           {"/api/queues",
            "/api/queues/{vhost}",
            {{"TENANT", "vhost"},
             {"NAME", "name"},
             {"READY", "messages_ready"},
             {"UNACKED", "messages_unacknowledged"},
             {"DAMAGED", "messages_damaged"},
             {"CONSUMERS", "consumers"},
             {"DURABLE", "durable"},
             {"AUTO-DELETE", "auto_delete"},
             {"EXCLUSIVE", "exclusive"},
             {"ARGUMENTS", "arguments"},
             {"NOT-IN-EFFECT", "arguments_not_in_effect"}}});
  add_declare(noun, shell);
  add_delete(noun, shell);
  add_purge(noun, shell);
}

}  // namespace naru::cli
