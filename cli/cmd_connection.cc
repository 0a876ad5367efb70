// naru connection …, naru channel …, naru consumer …
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

struct Close {
  std::string name;
  std::string reason;
};

constexpr std::string_view kConnectionPath = "/api/connections/{connection}";

std::string text_of(const json::value& row, std::string_view member) {
  const json::value* value =
      row.is_object() ? row.get_object().if_contains({member.data(), member.size()}) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// The name of the one connection whose client calls itself `given`; `not_found` when there is
/// none.
Outcome<std::string> find_by_given_name(AdminClient& client, const std::string& given,
                                        Failure not_found) {
  NARU_TRY(rows, client.get("/api/connections"));
  std::vector<std::string> names;
  if (rows.is_array()) {
    for (const json::value& row : rows.get_array()) {
      if (text_of(row, "user_provided_name") == given) names.push_back(text_of(row, "name"));
    }
  }
  if (names.empty()) return std::unexpected(std::move(not_found));
  if (names.size() == 1) return names[0];
  return failed(Exit::conflict,
                fmt::format("{} connections call themselves {}; name one of them: {}", names.size(),
                            given, fmt::join(names, ", ")));
}

void add_close(Command& noun, const Shell& shell) {
  Command command = noun.add("close", "Close a connection");
  auto options = std::make_shared<Close>();
  command.required_text("NAME", options->name,
                        "The connection's name or what its client calls itself, as the list shows");
  command.text("-r,--reason", options->reason, "TEXT", "What its client is told");
  command.on_chosen(shell.chosen, [shell, options]() -> Outcome<void> {
    RequestExtra extra;
    if (options->reason.find_first_of("\r\n") != std::string::npos) {
      return failed(Exit::usage, "a reason is one line");
    }
    if (!options->reason.empty()) extra.headers.emplace_back("X-Reason", options->reason);
    AdminClient client(shell.environment);
    auto closed = client.change("DELETE", kConnectionPath, {options->name}, extra);
    if (!closed && closed.error().exit == Exit::not_found) {
      NARU_TRY(name, find_by_given_name(client, options->name, closed.error()));
      closed = client.change("DELETE", kConnectionPath, {name}, std::move(extra));
    }
    NARU_TRY_VOID(std::move(closed));
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
             {"CONNECTION-NAME", "user_provided_name"},
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
