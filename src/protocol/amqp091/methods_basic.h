#pragma once
/// Methods of the classes basic, confirm and tx, with RabbitMQ's extensions: fields in wire order
/// (fields.h). Views in a decoded method point into the frame it was read from.

#include <cstdint>
#include <string_view>

#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/fields.h"

namespace naru::amqp091 {

// ---- Class 60: basic ----

struct BasicQos {
  static constexpr MethodId kId{60, 10};
  static constexpr std::string_view kName = "basic.qos";
  std::uint32_t prefetch_size = 0;
  std::uint16_t prefetch_count = 0;
  bool global = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("prefetch_size", self.prefetch_size);
    field("prefetch_count", self.prefetch_count);
    field("global", self.global);
  }
};
struct BasicQosOk {
  static constexpr MethodId kId{60, 11};
  static constexpr std::string_view kName = "basic.qos-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct BasicConsume {
  static constexpr MethodId kId{60, 20};
  static constexpr std::string_view kName = "basic.consume";
  std::uint16_t ticket = 0;
  std::string_view queue;
  std::string_view consumer_tag;
  bool no_local = false;
  bool no_ack = false;
  bool exclusive = false;
  bool nowait = false;
  RawTable arguments;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("consumer_tag", self.consumer_tag);
    field("no_local", self.no_local);
    field("no_ack", self.no_ack);
    field("exclusive", self.exclusive);
    field("nowait", self.nowait);
    field("arguments", self.arguments);
  }
};
struct BasicConsumeOk {
  static constexpr MethodId kId{60, 21};
  static constexpr std::string_view kName = "basic.consume-ok";
  std::string_view consumer_tag;
  static constexpr void fields(auto& self, auto&& field) {
    field("consumer_tag", self.consumer_tag);
  }
};
struct BasicCancel {
  static constexpr MethodId kId{60, 30};
  static constexpr std::string_view kName = "basic.cancel";
  std::string_view consumer_tag;
  bool nowait = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("consumer_tag", self.consumer_tag);
    field("nowait", self.nowait);
  }
};
struct BasicCancelOk {
  static constexpr MethodId kId{60, 31};
  static constexpr std::string_view kName = "basic.cancel-ok";
  std::string_view consumer_tag;
  static constexpr void fields(auto& self, auto&& field) {
    field("consumer_tag", self.consumer_tag);
  }
};
struct BasicPublish {
  static constexpr MethodId kId{60, 40};
  static constexpr std::string_view kName = "basic.publish";
  static constexpr bool kCarriesContent = true;
  std::uint16_t ticket = 0;
  std::string_view exchange;
  std::string_view routing_key;
  bool mandatory = false;
  bool immediate = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
    field("mandatory", self.mandatory);
    field("immediate", self.immediate);
  }
};
struct BasicReturn {
  static constexpr MethodId kId{60, 50};
  static constexpr std::string_view kName = "basic.return";
  static constexpr bool kCarriesContent = true;
  std::uint16_t reply_code = 0;
  std::string_view reply_text;
  std::string_view exchange;
  std::string_view routing_key;
  static constexpr void fields(auto& self, auto&& field) {
    field("reply_code", self.reply_code);
    field("reply_text", self.reply_text);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
  }
};
struct BasicDeliver {
  static constexpr MethodId kId{60, 60};
  static constexpr std::string_view kName = "basic.deliver";
  static constexpr bool kCarriesContent = true;
  std::string_view consumer_tag;
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange;
  std::string_view routing_key;
  static constexpr void fields(auto& self, auto&& field) {
    field("consumer_tag", self.consumer_tag);
    field("delivery_tag", self.delivery_tag);
    field("redelivered", self.redelivered);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
  }
};
struct BasicGet {
  static constexpr MethodId kId{60, 70};
  static constexpr std::string_view kName = "basic.get";
  std::uint16_t ticket = 0;
  std::string_view queue;
  bool no_ack = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("ticket", self.ticket);
    field("queue", self.queue);
    field("no_ack", self.no_ack);
  }
};
struct BasicGetOk {
  static constexpr MethodId kId{60, 71};
  static constexpr std::string_view kName = "basic.get-ok";
  static constexpr bool kCarriesContent = true;
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange;
  std::string_view routing_key;
  std::uint32_t message_count = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("delivery_tag", self.delivery_tag);
    field("redelivered", self.redelivered);
    field("exchange", self.exchange);
    field("routing_key", self.routing_key);
    field("message_count", self.message_count);
  }
};
struct BasicGetEmpty {
  static constexpr MethodId kId{60, 72};
  static constexpr std::string_view kName = "basic.get-empty";
  std::string_view cluster_id;
  static constexpr void fields(auto& self, auto&& field) { field("cluster_id", self.cluster_id); }
};
struct BasicAck {
  static constexpr MethodId kId{60, 80};
  static constexpr std::string_view kName = "basic.ack";
  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("delivery_tag", self.delivery_tag);
    field("multiple", self.multiple);
  }
};
struct BasicReject {
  static constexpr MethodId kId{60, 90};
  static constexpr std::string_view kName = "basic.reject";
  std::uint64_t delivery_tag = 0;
  bool requeue = true;
  static constexpr void fields(auto& self, auto&& field) {
    field("delivery_tag", self.delivery_tag);
    field("requeue", self.requeue);
  }
};
struct BasicRecoverAsync {
  static constexpr MethodId kId{60, 100};
  static constexpr std::string_view kName = "basic.recover-async";
  bool requeue = false;
  static constexpr void fields(auto& self, auto&& field) { field("requeue", self.requeue); }
};
struct BasicRecover {
  static constexpr MethodId kId{60, 110};
  static constexpr std::string_view kName = "basic.recover";
  bool requeue = false;
  static constexpr void fields(auto& self, auto&& field) { field("requeue", self.requeue); }
};
struct BasicRecoverOk {
  static constexpr MethodId kId{60, 111};
  static constexpr std::string_view kName = "basic.recover-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct BasicNack {
  static constexpr MethodId kId{60, 120};
  static constexpr std::string_view kName = "basic.nack";
  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  bool requeue = true;
  static constexpr void fields(auto& self, auto&& field) {
    field("delivery_tag", self.delivery_tag);
    field("multiple", self.multiple);
    field("requeue", self.requeue);
  }
};

// ---- Class 85: confirm ----

struct ConfirmSelect {
  static constexpr MethodId kId{85, 10};
  static constexpr std::string_view kName = "confirm.select";
  bool nowait = false;
  static constexpr void fields(auto& self, auto&& field) { field("nowait", self.nowait); }
};
struct ConfirmSelectOk {
  static constexpr MethodId kId{85, 11};
  static constexpr std::string_view kName = "confirm.select-ok";
  static constexpr void fields(auto&, auto&&) {}
};

// ---- Class 90: tx ----

struct TxSelect {
  static constexpr MethodId kId{90, 10};
  static constexpr std::string_view kName = "tx.select";
  static constexpr void fields(auto&, auto&&) {}
};
struct TxSelectOk {
  static constexpr MethodId kId{90, 11};
  static constexpr std::string_view kName = "tx.select-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct TxCommit {
  static constexpr MethodId kId{90, 20};
  static constexpr std::string_view kName = "tx.commit";
  static constexpr void fields(auto&, auto&&) {}
};
struct TxCommitOk {
  static constexpr MethodId kId{90, 21};
  static constexpr std::string_view kName = "tx.commit-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct TxRollback {
  static constexpr MethodId kId{90, 30};
  static constexpr std::string_view kName = "tx.rollback";
  static constexpr void fields(auto&, auto&&) {}
};
struct TxRollbackOk {
  static constexpr MethodId kId{90, 31};
  static constexpr std::string_view kName = "tx.rollback-ok";
  static constexpr void fields(auto&, auto&&) {}
};

}  // namespace naru::amqp091
