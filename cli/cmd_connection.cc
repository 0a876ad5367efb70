// naru connection …, naru channel …, naru consumer …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Close {
  std::string name;
  std::string reason;
};

void add_close(Command& noun, const Shell& shell) {
  Command command = noun.add("close", "Close a connection");
  auto options = std::make_shared<Close>();
  command.required_text("NAME", options->name, "The connection's name, as the list shows it");
  command.text("-r,--reason", options->reason, "TEXT", "What its client is told");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    RequestExtra extra;
    if (options->reason.find_first_of("\r\n") != std::string::npos) {
      return failed(Exit::usage, "a reason is one line");
    }
    if (!options->reason.empty()) extra.headers.emplace_back("X-Reason", options->reason);
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", "/api/connections/{connection}", {options->name},
                                std::move(extra)));
    tell(shell.environment.console, fmt::format("Connection {} is told to close.", options->name));
    return {};
  });
}

}  // namespace

void add_connection_commands(Command& root, const Shell& shell) {
  Command connection = add_noun(root, "connection", "List and close connections");
  add_list(connection, shell, "List connections",
           {"/api/connections",
            "/api/vhosts/{vhost}/connections",
            {{"NAME", "name"},
             {"USER", "user"},
             {"TENANT", "vhost"},
             {"PROTOCOL", "protocol"},
             {"STATE", "state"},
             {"CHANNELS", "channels"},
             {"RECEIVED", "recv_oct"},
             {"SENT", "send_oct"},
             {"CLIENT", "client_properties.product"}}});
  add_close(connection, shell);
  Command channel = add_noun(root, "channel", "List channels");
  add_list(channel, shell, "List channels",
           {"/api/channels",
            "/api/vhosts/{vhost}/channels",
            {{"NAME", "name"},
             {"USER", "user"},
             {"TENANT", "vhost"},
             {"CONSUMERS", "consumer_count"},
             {"UNACKED", "messages_unacknowledged"},
             {"UNCONFIRMED", "messages_unconfirmed"},
             {"PREFETCH", "prefetch_count"},
             {"CONFIRM", "confirm"},
             {"TX", "transactional"}}});
  Command consumer = add_noun(root, "consumer", "List consumers");
  add_list(consumer, shell, "List consumers",
           {"/api/consumers",
            "/api/consumers/{vhost}",
            {{"TENANT", "queue.vhost"},
             {"QUEUE", "queue.name"},
             {"TAG", "consumer_tag"},
             {"CHANNEL", "channel_details.name"},
             {"ACK", "ack_required"},
             {"PREFETCH", "prefetch_count"},
             {"EXCLUSIVE", "exclusive"},
             {"PRIORITY", "priority"}}});
}

}  // namespace naru::cli
