#pragma once
/// The objects of the API as JSON, with RabbitMQ's names.

#include <string>
#include <string_view>

#include "admin/broker_status.h"
#include "admin/json.h"
#include "admin/node_port.h"
#include "admin/rate_meter.h"
#include "core/topology/catalog.h"

namespace naru::admin {

/// Renders what belongs to one node, with names looked up in its catalogue.
class Renderer {
 public:
  /// `node` is the node's name; both outlive the renderer.
  Renderer(const core::Catalog& catalog, const std::string& node)
      : catalog_(catalog), node_(node) {}

  json::object tenant(const std::string& name, const core::QueueStats& totals) const;
  json::object user(const core::Catalog::User& user) const;
  json::object permission(const core::Catalog::Permission& permission) const;
  json::object exchange(const core::ExchangeInfo& exchange) const;
  /// `status` with the queue: its figures, and its owner's name.
  json::object queue(const core::QueueInfo& queue, const BrokerStatus& status,
                     const QueueRates& rates) const;
  json::object binding(const core::BindingInfo& binding) const;
  /// Every queue is bound to the default exchange by its name.
  json::object default_binding(const core::QueueInfo& queue) const;
  json::object connection(const ConnectionStatus& connection) const;
  json::object channel(const ConnectionStatus& connection, const ChannelStatus& channel) const;
  /// `status` with its queue's consumers.
  json::object consumer(const ConsumerStatus& consumer, const BrokerStatus& status) const;
  json::object listener(const ListenerStatus& listener) const;

 private:
  json::string tenant_name(core::TenantId id) const;

  const core::Catalog& catalog_;
  const std::string& node_;
};

/// Adds a figure and its rate, as RabbitMQ has them: "publish": 7, "publish_details": {"rate":
/// 0.5}.
void add_rated(json::object& to, std::string_view name, std::uint64_t figure, double rate);

}  // namespace naru::admin
