// The broker as a whole.
#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

json::object versions(const Identity& identity) {
  return {{"management_version", json_text(identity.compatible_version)},
          {"rabbitmq_version", json_text(identity.compatible_version)},
          {"product_name", json_text(identity.product)},
          {"product_version", json_text(identity.compatible_version)},
          {"naru_version", json_text(identity.naru_version)},
          {"cluster_name", json_text(identity.cluster_name)},
          {"node", json_text(identity.node)},
          {"rates_mode", "basic"},
          {"default_queue_type", "classic"}};
}

json::array exchange_types() {
  json::array types;
  for (const auto type : {core::ExchangeType::direct, core::ExchangeType::fanout,
                          core::ExchangeType::topic, core::ExchangeType::headers}) {
    types.push_back(json::object{{"name", json_text(to_string(type))}, {"enabled", true}});
  }
  return types;
}

/// How many the caller may see; `status` has counted such connections and consumers.
json::object object_totals(Call& call, const BrokerStatus& status) {
  const core::Catalog& catalog = call.api().catalog();
  std::size_t queues = 0;
  std::size_t exchanges = 0;
  catalog.each_queue([&](const core::QueueInfo& queue) { queues += call.sees(queue.tenant); });
  catalog.each_exchange(
      [&](const core::ExchangeInfo& each) { exchanges += call.sees(each.tenant); });
  return {{"connections", status.counts.connections},
          {"channels", status.counts.channels},
          {"exchanges", exchanges},
          {"queues", queues},
          {"consumers", status.counts.consumers}};
}

/// What the broker did since its start. Of everybody's queues: for monitors.
json::object message_stats(Call& call, const BrokerStatus& status, core::QueueStats queues) {
  const core::Shard::Totals& totals = status.totals;
  const std::uint64_t delivered = totals.delivered + totals.got + totals.got_no_ack;
  queues.published = totals.published;
  queues.delivered = delivered;
  queues.acknowledged = totals.acknowledged;
  const QueueRates rates = call.api().rates().measure_all(queues, call.api().shard().now().mono);
  json::object out{{"confirm", totals.confirmed},
                   {"return_unroutable", totals.unroutable_returned},
                   {"drop_unroutable", totals.unroutable_dropped},
                   {"get", totals.got},
                   {"get_no_ack", totals.got_no_ack},
                   {"get_empty", totals.got_empty}};
  add_rated(out, "publish", totals.published, rates.published);
  add_rated(out, "deliver_get", delivered, rates.delivered);
  add_rated(out, "ack", totals.acknowledged, rates.acknowledged);
  return out;
}

void reply_overview(Call& call, const BrokerStatus& status) {
  const Renderer render = call.api().renderer();
  json::object out = versions(call.api().identity());
  out["exchange_types"] = exchange_types();
  out["object_totals"] = object_totals(call, status);
  core::QueueStats totals;
  for (const auto& [tenant, stats] : status.tenants) {
    if (call.sees(tenant)) add(totals, stats);
  }
  out["queue_totals"] = {{"messages", totals.ready + totals.unacknowledged},
                         {"messages_ready", totals.ready},
                         {"messages_unacknowledged", totals.unacknowledged},
                         {"messages_damaged", totals.damaged}};
  if (call.is_monitor()) {
    out["message_stats"] = message_stats(call, status, totals);
    out["churn_rates"] = {{"connection_created", status.totals.connections_opened},
                          {"connection_closed", status.totals.connections_closed}};
    json::array listeners;
    for (const ListenerStatus& listener : call.api().node_status().listeners) {
      listeners.push_back(render.listener(listener));
    }
    out["listeners"] = std::move(listeners);
  }
  call.reply(out);
}

/// Who holds how much, as under RabbitMQ's `?memory=true`, with our own terms.
json::object memory_object(const NodeStatus& node) {
  json::object out;
  json::object most;
  std::uint64_t sum = 0;
  for (const MemoryTermStatus& term : node.memory.terms) {
    out[term.name] = term.bytes;
    most[term.name] = term.bytes_max;
    sum += term.bytes;
  }
  out["limits"] = std::move(most);
  out["step"] = json_text(to_string(node.memory.step));
  out["strategy"] = "rss";
  out["total"] = {
      {"accounted", sum}, {"allocated", node.memory.allocated_bytes}, {"rss", node.resident_bytes}};
  return out;
}

json::object node_object(HttpApi& api) {
  const NodeStatus node = api.node_status();
  return {{"name", json_text(api.identity().node)},
          {"type", "disc"},
          {"running", node.not_ready.empty() || node.log_full},
          {"being_drained", false},
          {"uptime", api.shard().now().wall_ms - node.started_at_ms},
          {"processors", node.processors},
          {"shards", api.shard().options().shard_count},
          {"mem_used", node.resident_bytes},
          {"mem_limit", node.memory_bytes_max},
          {"mem_alarm", node.memory_alarm},
          {"memory", memory_object(node)},
          {"disk_free", node.disk_free_bytes},
          {"disk_free_limit", node.disk_free_bytes_min},
          {"disk_free_alarm", node.disk_alarm},
          {"log_full", node.log_full},
          {"log_lacks", json_text(node.log_lacks)},
          {"fd_used", node.open_files},
          {"fd_total", node.open_files_max},
          {"rates_mode", "basic"}};
}

}  // namespace

void get_overview(const CallRef& call) {
  collect_status(call->api().shard(), call->api().connections(),
                 {.consumers_of = call->sees_queues(),
                  .connections = call->sees_connections(),
                  .only_counts = true,
                  .tenants = true},
                 [call](const BrokerStatus& status) { reply_overview(*call, status); });
}

void get_whoami(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const core::Catalog::User* user = catalog.find_user(call->principal().user);
  if (user == nullptr) return call->reply_not_found("the user was deleted");
  json::object out = Renderer(catalog, call->api().identity().node).user(*user);
  call->reply(json::object{{"name", out["name"]}, {"tags", out["tags"]}});
}

void get_nodes(const CallRef& call) {
  call->reply_rows(make_rows({node_object(call->api())}));
}

void get_node(const CallRef& call) {
  if (call->parameter("node") != call->api().identity().node) {
    return call->reply_not_found("there is no node of this name");
  }
  call->reply(node_object(call->api()));
}

void list_nothing(const CallRef& call) {
  call->reply_rows(make_rows({}));
}

void get_cluster_name(const CallRef& call) {
  call->reply(json::object{{"name", json_text(call->api().identity().cluster_name)}});
}

}  // namespace naru::admin
