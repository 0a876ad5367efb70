#include "admin/render.h"

#include <fmt/format.h>

#include "admin/properties_key.h"
#include "core/topology/arguments.h"
#include "core/topology/not_in_effect.h"

namespace naru::admin {

namespace {

json::array names(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.push_back(json_text(text));
  return out;
}

}  // namespace

void add_rated(json::object& to, std::string_view name, std::uint64_t figure, double rate) {
  to[json::string_view{name.data(), name.size()}] = figure;
  to[std::string(name) + "_details"] = {{"rate", rate}};
}

json::string Renderer::tenant_name(core::TenantId id) const {
  const std::string* name = catalog_.tenant_name(id);
  return name != nullptr ? json_text(*name) : json::string();
}

json::object Renderer::tenant(const std::string& name, const core::QueueStats& totals) const {
  return {{"name", json_text(name)},
          {"description", ""},
          {"tags", json::array()},
          {"metadata", {{"description", ""}, {"tags", json::array()}}},
          {"default_queue_type", "classic"},
          {"tracing", false},
          {"cluster_state", {{json_text(node_), "running"}}},
          {"messages", totals.ready + totals.unacknowledged},
          {"messages_ready", totals.ready},
          {"messages_unacknowledged", totals.unacknowledged}};
}

json::object Renderer::user(const core::Catalog::User& user) const {
  json::array tags;
  for (std::string_view rest = user.tags; !rest.empty();) {
    const std::string_view tag = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), tag.size() + 1));
    if (!tag.empty()) tags.push_back(json_text(tag));
  }
  // The hash itself is nobody's business.
  return {{"name", json_text(user.name)},
          {"tags", std::move(tags)},
          {"has_password", !user.password_hash.empty()},
          {"limits", json::object()}};
}

json::object Renderer::permission(const core::Catalog::Permission& permission) const {
  return {{"user", json_text(permission.user)},
          {"vhost", tenant_name(permission.tenant)},
          {"configure", json_text(permission.configure)},
          {"write", json_text(permission.write)},
          {"read", json_text(permission.read)}};
}

json::object Renderer::exchange(const core::ExchangeInfo& exchange) const {
  return {{"name", json_text(exchange.name)},
          {"vhost", tenant_name(exchange.tenant)},
          {"type", json_text(to_string(exchange.type))},
          {"durable", exchange.durable},
          {"auto_delete", exchange.auto_delete},
          {"internal", exchange.internal},
          {"arguments", to_json(exchange.arguments)},
          {"policy", nullptr},
          {"user_who_performed_action", ""}};
}

json::object Renderer::queue(const core::QueueInfo& queue, const BrokerStatus& status,
                             const QueueRates& rates) const {
  const core::QueueStats stats = status.stats_of(queue.ref.id);
  const message::Value* type = message::find(queue.arguments, "x-queue-type");
  json::object out{
      {"name", json_text(queue.name)},
      {"vhost", tenant_name(queue.tenant)},
      {"type", json_text(type != nullptr && type->text() != nullptr ? *type->text() : "classic")},
      {"durable", queue.durable},
      {"durability", message::to_string(core::durability_of(queue))},
      {"auto_delete", queue.auto_delete},
      {"exclusive", static_cast<bool>(queue.exclusive_owner)},
      {"arguments", to_json(queue.arguments)},
      {"arguments_not_in_effect", names(core::not_in_effect(queue.arguments))},
      {"node", json_text(node_)},
      {"state", "running"},
      {"policy", nullptr},
      {"operator_policy", nullptr},
      {"effective_policy_definition", json::object()},
      {"consumers", stats.consumers},
      {"messages_persistent", stats.persistent},
      {"messages_damaged", stats.damaged},
      {"message_bytes", stats.ready_bytes + stats.unacknowledged_bytes},
      {"message_bytes_ready", stats.ready_bytes},
      {"message_bytes_unacknowledged", stats.unacknowledged_bytes}};
  add_rated(out, "messages", stats.ready + stats.unacknowledged, rates.messages);
  add_rated(out, "messages_ready", stats.ready, rates.ready);
  add_rated(out, "messages_unacknowledged", stats.unacknowledged, rates.unacknowledged);
  json::object& did = out["message_stats"].emplace_object();
  add_rated(did, "publish", stats.published, rates.published);
  add_rated(did, "deliver_get", stats.delivered, rates.delivered);
  add_rated(did, "ack", stats.acknowledged, rates.acknowledged);
  add_rated(did, "redeliver", stats.redelivered, rates.redelivered);
  if (queue.exclusive_owner) {
    if (const ConnectionName* owner = status.find_name(queue.exclusive_owner)) {
      out["owner_pid_details"] = {{"name", json_text(owner->name)},
                                  {"peer_host", json_text(owner->peer_host)},
                                  {"peer_port", owner->peer_port}};
    }
  }
  return out;
}

json::object Renderer::binding(const core::BindingInfo& binding) const {
  const core::ExchangeInfo* source = catalog_.find_exchange(binding.source);
  json::string destination;
  if (binding.to_exchange) {
    const auto* exchange = catalog_.find_exchange(core::ExchangeId(binding.destination));
    if (exchange != nullptr) destination = json_text(exchange->name);
  } else if (const auto* queue = catalog_.find_queue(core::QueueId(binding.destination))) {
    destination = json_text(queue->name);
  }
  return {{"source", source != nullptr ? json_text(source->name) : json::string()},
          {"vhost", source != nullptr ? tenant_name(source->tenant) : json::string()},
          {"destination", std::move(destination)},
          {"destination_type", binding.to_exchange ? "exchange" : "queue"},
          {"routing_key", json_text(binding.routing_key)},
          {"arguments", to_json(binding.arguments.get())},
          {"properties_key", json_text(properties_key(binding.routing_key, binding.arguments))}};
}

json::object Renderer::default_binding(const core::QueueInfo& queue) const {
  return {{"source", ""},
          {"vhost", tenant_name(queue.tenant)},
          {"destination", json_text(queue.name)},
          {"destination_type", "queue"},
          {"routing_key", json_text(queue.name)},
          {"arguments", json::object()},
          {"properties_key", json_text(properties_key(queue.name, {}))}};
}

json::object Renderer::connection(const ConnectionStatus& connection) const {
  const message::Table properties = connection.client_properties.decoded();
  json::object out{{"name", json_text(connection.name)},
                   {"node", json_text(node_)},
                   {"type", "network"},
                   {"protocol", json_text(connection.protocol)},
                   {"user", json_text(connection.user)},
                   {"vhost", json_text(connection.tenant)},
                   {"state", json_text(connection.state)},
                   {"host", json_text(connection.host)},
                   {"port", connection.port},
                   {"peer_host", json_text(connection.peer_host)},
                   {"peer_port", connection.peer_port},
                   {"ssl", false},
                   {"channels", connection.channels.size()},
                   {"channel_max", connection.channels_max},
                   {"frame_max", connection.frame_bytes_max},
                   {"timeout", connection.heartbeat_s},
                   {"connected_at", connection.connected_at_ms},
                   {"client_properties", to_json(properties)},
                   {"recv_oct", connection.received_bytes},
                   {"send_oct", connection.sent_bytes}};
  // As with RabbitMQ: a member only when the client gave itself a name.
  const message::Value* name = message::find(properties, "connection_name");
  if (name != nullptr && name->text() != nullptr) {
    out["user_provided_name"] = json_text(*name->text());
  }
  return out;
}

json::object Renderer::channel(const ConnectionStatus& connection,
                               const ChannelStatus& channel) const {
  return {{"name", json_text(fmt::format("{} ({})", connection.name, channel.number))},
          {"number", channel.number},
          {"node", json_text(node_)},
          {"user", json_text(connection.user)},
          {"vhost", json_text(connection.tenant)},
          {"state", "running"},
          {"confirm", channel.confirm},
          {"transactional", channel.transactional},
          {"consumer_count", channel.consumers},
          {"messages_unacknowledged", channel.unacknowledged},
          {"messages_unconfirmed", channel.unconfirmed},
          {"prefetch_count", channel.prefetch},
          {"global_prefetch_count", channel.global_prefetch},
          {"connection_details",
           {{"name", json_text(connection.name)},
            {"peer_host", json_text(connection.peer_host)},
            {"peer_port", connection.peer_port}}}};
}

json::object Renderer::consumer(const ConsumerStatus& status, const BrokerStatus& broker) const {
  const core::Client::Consumer& consumer = status.consumer;
  const core::QueueInfo* queue = catalog_.find_queue(consumer.queue.id);
  const ConnectionName* connection = broker.find_name(status.connection);
  json::object channel{{"number", consumer.channel.value}, {"node", json_text(node_)}};
  if (connection != nullptr) {
    channel["name"] = json_text(fmt::format("{} ({})", connection->name, consumer.channel.value));
    channel["connection_name"] = json_text(connection->name);
    channel["peer_host"] = json_text(connection->peer_host);
    channel["peer_port"] = connection->peer_port;
    channel["user"] = json_text(connection->user);
  }
  return {{"consumer_tag", json_text(consumer.tag)},
          {"queue",
           {{"name", queue != nullptr ? json_text(queue->name) : json::string()},
            {"vhost", queue != nullptr ? tenant_name(queue->tenant) : json::string()}}},
          {"channel_details", std::move(channel)},
          {"ack_required", !consumer.no_ack},
          {"exclusive", consumer.exclusive},
          {"active", true},
          {"activity_status", "up"},
          {"prefetch_count", consumer.prefetch},
          {"priority", consumer.priority},
          {"arguments", to_json(consumer.arguments)}};
}

json::object Renderer::listener(const ListenerStatus& listener) const {
  return {{"node", json_text(node_)},
          {"protocol", json_text(listener.protocol)},
          {"ip_address", json_text(listener.host)},
          {"port", listener.port},
          {"tls", false}};
}

}  // namespace naru::admin
