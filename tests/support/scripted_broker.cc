#include "tests/support/scripted_broker.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "protocol/amqp091/properties.h"

namespace naru::testing {

namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

std::string describe(const core::Request::Operation& operation) {
  return std::visit(
      Overloaded{
          [](const core::Authenticate& o) {
            return fmt::format("authenticate {} {} {}", o.user, o.password, o.mechanism);
          },
          [](const core::OpenTenant& o) { return fmt::format("open_tenant {}", o.tenant); },
          [](const core::DeclareExchange& o) {
            return fmt::format("declare_exchange {} {}{}{}{}{}", o.name, o.type,
                               o.passive ? " passive" : "", o.durable ? " durable" : "",
                               o.auto_delete ? " auto_delete" : "", o.internal ? " internal" : "");
          },
          [](const core::DeleteExchange& o) {
            return fmt::format("delete_exchange {}{}", o.name, o.if_unused ? " if_unused" : "");
          },
          [](const core::DeclareQueue& o) {
            return fmt::format("declare_queue {}{}{}{}{}", o.name, o.passive ? " passive" : "",
                               o.durable ? " durable" : "", o.exclusive ? " exclusive" : "",
                               o.auto_delete ? " auto_delete" : "");
          },
          [](const core::DeleteQueue& o) {
            return fmt::format("delete_queue {}{}{}", o.name, o.if_unused ? " if_unused" : "",
                               o.if_empty ? " if_empty" : "");
          },
          [](const core::Bind& o) {
            return fmt::format("bind {}->{}{} '{}'", o.source, o.to_exchange ? "exchange " : "",
                               o.destination, o.routing_key);
          },
          [](const core::Unbind& o) {
            return fmt::format("unbind {}->{}{} '{}'", o.source, o.to_exchange ? "exchange " : "",
                               o.destination, o.routing_key);
          },
          [](const core::PurgeQueue& o) { return fmt::format("purge {}", o.name); },
          [](const core::Consume& o) {
            return fmt::format("consume {} {} prefetch={} priority={}{}{}", o.queue, o.tag,
                               o.prefetch, o.priority, o.no_ack ? " no_ack" : "",
                               o.exclusive ? " exclusive" : "");
          },
          [](const core::Cancel& o) { return fmt::format("cancel {}", o.consumer.value); },
          [](const core::Get& o) {
            return fmt::format("get {}{}", o.queue, o.no_ack ? " no_ack" : "");
          },
          [](const core::ReadBody& o) {
            return fmt::format("read_body {} from {}", o.body->id.value, o.first);
          },
          [](const core::OpenReplyAddress& o) {
            return fmt::format("open_reply_address {}", o.consumer.value);
          },
          [](const core::CloseReplyAddress& o) {
            return fmt::format("close_reply_address {}", o.consumer.value);
          },
          [](const core::EndConnection&) { return std::string("end_connection"); },
          [](const auto&) { return std::string("administration"); }},
      operation);
}

std::string describe(const core::Command& command) {
  return std::visit(
      Overloaded{
          [](const core::Publish& c) {
            const auto properties = amqp091::parse_properties(c.record.header);
            const std::string reply_to = properties && properties->has(amqp091::Property::reply_to)
                                             ? fmt::format(" reply_to={}", properties->reply_to)
                                             : "";
            const char* what = c.step == core::PublishStep::check     ? "check"
                               : c.step == core::PublishStep::checked ? "publish checked"
                                                                      : "publish";
            return fmt::format(
                "{} {} seq={} '{}'->'{}'{}{}{}{} '{}'{}", what, c.channel.value, c.sequence,
                c.record.exchange, c.record.routing_key, c.mandatory ? " mandatory" : "",
                c.record.persistent ? " persistent" : "",
                c.record.durability == message::Durability::interval ? " interval" : "",
                c.expiration_ms ? fmt::format(" expiration={}", *c.expiration_ms) : "",
                as_text(c.record.body), reply_to);
          },
          [](const core::Settle& c) {
            return fmt::format("settle {} {}..{}", c.queue.id.value, c.first.value, c.last.value);
          },
          [](const core::Return& c) {
            return fmt::format("return {} {}..{} {}", c.queue.id.value, c.first.value, c.last.value,
                               c.requeue ? "requeue" : "reject");
          },
          [](const core::Park& c) {
            return fmt::format("park {} {}", c.queue.id.value, c.seq.value);
          },
          [](const core::Resume& c) { return fmt::format("resume {}", c.consumer.value); },
          [](const core::ChannelLimit& c) {
            return fmt::format("limit {} {}", c.channel.value, c.limit);
          },
          [](const core::AtomicBegin& c) { return fmt::format("atomic {}", c.channel.value); },
          [](const core::Barrier& c) { return fmt::format("barrier {}", c.channel.value); },
          [](const core::RolledBack& c) { return fmt::format("roll back {}", c.channel.value); },
          [](const core::ChannelClosed& c) { return fmt::format("closed {}", c.channel.value); },
          [](const std::unique_ptr<core::Request>& c) {
            return "request " + describe(c->operation);
          }},
      command);
}

}  // namespace

std::size_t ScriptedBroker::submit(std::span<core::Command> batch) {
  ++batches;
  std::size_t taken = 0;
  for (core::Command& command : batch) {
    if (!note(command)) break;
    if (auto* request = std::get_if<std::unique_ptr<core::Request>>(&command)) {
      open_.push_back((*request)->id);
      last_ = std::move(*request);
    }
    if (const auto* barrier = std::get_if<core::Barrier>(&command))
      open_.push_back(barrier->request);
    ++taken;
  }
  return taken;
}

// A run is noted message by message. False when there was no room for the rest of it.
bool ScriptedBroker::note(core::Command& command) {
  ++commands;
  auto* publish = std::get_if<core::Publish>(&command);
  for (;;) {
    if (room == 0) return false;
    if (room != SIZE_MAX) --room;
    if (publish != nullptr && publish->let_in) ++let_in;
    log_.push_back(describe(command));
    if (publish == nullptr || publish->more.empty()) return true;
    publish->drop_first();
  }
}

std::vector<std::string> ScriptedBroker::take_log() {
  return std::exchange(log_, {});
}

core::RequestId ScriptedBroker::take_request() {
  NARU_CHECK(!open_.empty(), "a request is open");
  const core::RequestId id = open_.front();
  open_.pop_front();
  return id;
}

}  // namespace naru::testing
