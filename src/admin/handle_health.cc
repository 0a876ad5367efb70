// Whether the broker lives, serves, and lacks nothing.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"

namespace naru::admin {

namespace {

void reply_healthy(Call& call) {
  call.reply(json::object{{"status", "ok"}});
}

void reply_failed(Call& call, std::string_view reason) {
  call.reply(json::object{{"status", "failed"}, {"reason", json_text(reason)}}, 503);
}

/// RabbitMQ's names of protocols, and ours.
bool is_protocol(const ListenerStatus& listener, std::string_view asked) {
  if (asked == "amqp091" || asked == "amqp0-9-1") return listener.protocol == "amqp";
  return listener.protocol == asked;
}

}  // namespace

void get_live(const CallRef& call) {
  reply_healthy(*call);
}

void get_ready(const CallRef& call) {
  const std::string why_not = call->api().node_status().not_ready;
  why_not.empty() ? reply_healthy(*call) : reply_failed(*call, why_not);
}

void check_ready(const CallRef& call) {
  get_ready(call);
}

void check_alarms(const CallRef& call) {
  const NodeStatus node = call->api().node_status();
  if (!node.disk_alarm && !node.memory_alarm) return reply_healthy(*call);
  json::array alarms;
  const auto add = [&](bool in_effect, std::string_view resource) {
    if (!in_effect) return;
    alarms.push_back(json::object{{"node", json_text(call->api().identity().node)},
                                  {"resource", json_text(resource)}});
  };
  add(node.disk_alarm, "disk");
  add(node.memory_alarm, "memory");
  call->reply(json::object{{"status", "failed"},
                           {"reason", "There are alarms in effect in the cluster"},
                           {"alarms", std::move(alarms)}},
              503);
}

void check_tenants(const CallRef& call) {
  // A vhost is up when the broker is: its queues are recovered before anybody is served.
  get_ready(call);
}

void check_quorum(const CallRef& call) {
  call->reply(json::object{{"status", "ok"}, {"reason", "single node cluster"}});
}

void check_port(const CallRef& call) {
  const NodeStatus node = call->api().node_status();
  const std::string& asked = call->parameter("port");
  const bool found = std::ranges::any_of(node.listeners, [&](const ListenerStatus& listener) {
    return std::to_string(listener.port) == asked;
  });
  found ? reply_healthy(*call) : reply_failed(*call, "No active listener on port " + asked);
}

void check_protocol(const CallRef& call) {
  const NodeStatus node = call->api().node_status();
  const std::string& asked = call->parameter("protocol");
  const bool found = std::ranges::any_of(
      node.listeners, [&](const ListenerStatus& listener) { return is_protocol(listener, asked); });
  found ? reply_healthy(*call)
        : reply_failed(*call, fmt::format("No active listener for protocol {}", asked));
}

}  // namespace naru::admin
