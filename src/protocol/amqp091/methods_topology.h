#pragma once
/// Methods of the classes exchange and queue, with RabbitMQ's extensions: fields in wire order
/// (fields.h). Views in a decoded method point into the frame it was read from.

#include <cstdint>
#include <string_view>

#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/fields.h"

namespace naru::amqp091 {

// ---- Class 40: exchange ----

struct ExchangeDeclare {
  static constexpr MethodId kId{40, 10};
  static constexpr std::string_view kName = "exchange.declare";
  std::uint16_t ticket = 0;
  std::string_view exchange;
  std::string_view type = "direct";
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("exchange", self.exchange);
    field("type", self.type);
    field("passive", self.passive);
    field("durable", self.durable);
    field("auto_delete", self.auto_delete);
    field("internal", self.internal);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct ExchangeDeclareOk {
  static constexpr MethodId kId{40, 11};
  static constexpr std::string_view kName = "exchange.declare-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct ExchangeDelete {
  static constexpr MethodId kId{40, 20};
  static constexpr std::string_view kName = "exchange.delete";
  std::uint16_t ticket = 0;
  std::string_view exchange;
  bool if_unused = false;
  bool nowait = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("exchange", self.exchange);
    field("if_unused", self.if_unused);
    field("nowait", self.nowait);
  }
};
struct ExchangeDeleteOk {
  static constexpr MethodId kId{40, 21};
  static constexpr std::string_view kName = "exchange.delete-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct ExchangeBind {
  static constexpr MethodId kId{40, 30};
  static constexpr std::string_view kName = "exchange.bind";
  std::uint16_t ticket = 0;
  std::string_view destination;
  std::string_view source;
  std::string_view routing_key;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("destination", self.destination);
    field("source", self.source);
    field("routing_key", self.routing_key);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct ExchangeBindOk {
  static constexpr MethodId kId{40, 31};
  static constexpr std::string_view kName = "exchange.bind-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct ExchangeUnbind {
  static constexpr MethodId kId{40, 40};
  static constexpr std::string_view kName = "exchange.unbind";
  std::uint16_t ticket = 0;
  std::string_view destination;
  std::string_view source;
  std::string_view routing_key;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("destination", self.destination);
    field("source", self.source);
    field("routing_key", self.routing_key);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct ExchangeUnbindOk {
  static constexpr MethodId kId{40, 51};
  static constexpr std::string_view kName = "exchange.unbind-ok";
  static constexpr void fields(auto&, auto&&) {}
};

// ---- Class 50: queue ----

struct QueueDeclare {
  static constexpr MethodId kId{50, 10};
  static constexpr std::string_view kName = "queue.declare";
  std::uint16_t ticket = 0;
  std::string_view queue;
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("passive", self.passive);
    field("durable", self.durable);
    field("exclusive", self.exclusive);
    field("auto_delete", self.auto_delete);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct QueueDeclareOk {
  static constexpr MethodId kId{50, 11};
  static constexpr std::string_view kName = "queue.declare-ok";
  std::string_view queue;
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("queue", self.queue);
    field("message_count", self.message_count);
    field("consumer_count", self.consumer_count);
  }
};
struct QueueBind {
  static constexpr MethodId kId{50, 20};
  static constexpr std::string_view kName = "queue.bind";
  std::uint16_t ticket = 0;
  std::string_view queue;
  std::string_view exchange;
  std::string_view routing_key;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct QueueBindOk {
  static constexpr MethodId kId{50, 21};
  static constexpr std::string_view kName = "queue.bind-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct QueuePurge {
  static constexpr MethodId kId{50, 30};
  static constexpr std::string_view kName = "queue.purge";
  std::uint16_t ticket = 0;
  std::string_view queue;
  bool nowait = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("nowait", self.nowait);
  }
};
struct QueuePurgeOk {
  static constexpr MethodId kId{50, 31};
  static constexpr std::string_view kName = "queue.purge-ok";
  std::uint32_t message_count = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("message_count", self.message_count);
  }
};
struct QueueDelete {
  static constexpr MethodId kId{50, 40};
  static constexpr std::string_view kName = "queue.delete";
  std::uint16_t ticket = 0;
  std::string_view queue;
  bool if_unused = false;
  bool if_empty = false;
  bool nowait = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("if_unused", self.if_unused);
    field("if_empty", self.if_empty);
    field("nowait", self.nowait);
  }
};
struct QueueDeleteOk {
  static constexpr MethodId kId{50, 41};
  static constexpr std::string_view kName = "queue.delete-ok";
  std::uint32_t message_count = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("message_count", self.message_count);
  }
};
struct QueueUnbind {
  static constexpr MethodId kId{50, 50};
  static constexpr std::string_view kName = "queue.unbind";
  std::uint16_t ticket = 0;
  std::string_view queue;
  std::string_view exchange;
  std::string_view routing_key;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
    field("arguments", self.arguments);
  }
};
struct QueueUnbindOk {
  static constexpr MethodId kId{50, 51};
  static constexpr std::string_view kName = "queue.unbind-ok";
  static constexpr void fields(auto&, auto&&) {}
};

}  // namespace naru::amqp091
