#include <fmt/format.h>

#include <array>

#include "core/topology/arguments.h"
#include "core/topology/decider.h"
#include "core/topology/texts.h"

namespace naru::core {

namespace {

/// Spreads queues over the lanes by their ids.
GroupId lane_of(QueueId queue) {
  return GroupId(1 + static_cast<std::uint32_t>(hash_value(queue) % kLaneCount));
}

/// Unpadded, with '-' and '_': RFC 4648 §5.
std::string base64url(ByteView bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

Result<void> check_access(const QueueInfo& queue, ConnectionId connection,
                          const std::string& tenant) {
  if (!queue.exclusive_owner || queue.exclusive_owner == connection) return {};
  return fail(Errc::resource_locked, locked_text(queue.name, tenant));
}

}  // namespace

Result<std::string> Decider::new_name(const DeclareQueue& change) {
  if (queue_type_of(change.arguments) != "classic") {
    return fail(Errc::precondition_failed,
                fmt::format("Cannot declare a server-named queue for type {}",
                            queue_type_of(change.arguments)));
  }
  std::array<std::uint8_t, 16> bytes{};
  random_.fill(bytes);
  return "amq.gen-" + base64url(bytes);
}

Result<void> Decider::run(const DeclareQueue& change, const Actor& actor, Decision& out) {
  NARU_TRY(place, enter(actor, out));
  std::string name = without_line_ends(change.name);
  if (!change.passive) {
    if (name.empty()) {
      NARU_TRY(chosen, new_name(change));
      name = std::move(chosen);
    } else {
      NARU_TRY_VOID(check_new_name("queue", name));
    }
    NARU_TRY_VOID(allow(place, security::Action::configure, NameKind::queue, name));
  } else {
    NARU_TRY_VOID(allow_any(place, NameKind::queue, name));
  }
  if (catalog_.find_queue(place.tenant, name) != nullptr || change.passive) {
    return find_declared(change, place, name, out);
  }
  return create_queue(change, place, std::move(name), out);
}

/// The queue is there, or must be: is it what was declared?
Result<void> Decider::find_declared(const DeclareQueue& change, const Place& place,
                                    const std::string& name, Decision& out) const {
  out.share(NameKind::queue, place.tenant, name);
  const QueueInfo* queue = catalog_.find_queue(place.tenant, name);
  const std::string text = queue_text(name, place.tenant_name);
  if (queue == nullptr) return fail(Errc::not_found, "no " + text);
  if (!change.passive) {
    const ConnectionId owner = change.exclusive ? place.actor.connection : ConnectionId();
    if (queue->exclusive_owner != owner) {
      return fail(Errc::resource_locked, locked_text(name, place.tenant_name));
    }
    const bool durable = change.durable && !change.exclusive;
    NARU_TRY_VOID(check_flag_equal("durable", text, queue->durable, durable));
    NARU_TRY_VOID(check_flag_equal("auto_delete", text, queue->auto_delete, change.auto_delete));
    NARU_TRY_VOID(check_queue_arguments_equal(text, queue->arguments, change.arguments));
  } else {
    NARU_TRY_VOID(check_access(*queue, place.actor.connection, place.tenant_name));
  }
  out.answer.name = queue->name;
  out.answer.queue = queue->ref;
  return {};
}

Result<void> Decider::create_queue(const DeclareQueue& change, const Place& place, std::string name,
                                   Decision& out) {
  out.own(NameKind::queue, place.tenant, name);
  const std::string text = queue_text(name, place.tenant_name);
  if (const message::Value* dead = message::find(change.arguments, "x-dead-letter-exchange")) {
    if (dead->text() == nullptr) return invalid_type("x-dead-letter-exchange", text, *dead);
    NARU_TRY_VOID(allow(place, security::Action::read, NameKind::queue, name));
    NARU_TRY_VOID(allow(place, security::Action::write, NameKind::exchange, *dead->text()));
  }
  NARU_TRY_VOID(check_queue_arguments(text, change.arguments));
  if (queue_type_of(change.arguments) == "quorum") {
    const auto invalid = [&](std::string_view property) {
      return fail(Errc::precondition_failed,
                  fmt::format("invalid property '{}' for {}", property, text));
    };
    if (change.auto_delete) return invalid("auto-delete");
    if (change.exclusive) return invalid("exclusive-owner");
    if (!change.durable) return invalid("non-durable");
  }

  QueueInfo queue;
  queue.ref.id = QueueId(next_id(out));
  queue.ref.lane = lane_of(queue.ref.id);
  queue.tenant = place.tenant;
  queue.name = std::move(name);
  queue.durable = change.durable && !change.exclusive;
  queue.auto_delete = change.auto_delete;
  queue.arguments = change.arguments;
  if (change.exclusive) {
    if (!place.actor.connection) {
      return fail(Errc::precondition_failed, "an exclusive queue needs a connection that owns it");
    }
    queue.exclusive_owner = place.actor.connection;
    // DropConnection waits until it can see this queue.
    out.share(NameKind::connection, {}, std::to_string(queue.exclusive_owner.value));
  }
  out.add(queue.durable, QueueCreated{queue});
  out.answer = {.name = queue.name, .queue = queue.ref, .changed = true};
  return {};
}

Result<void> Decider::run(const DeleteQueue& change, const Actor& actor, Decision& out) {
  NARU_TRY(place, enter(actor, out));
  const std::string name = without_line_ends(change.name);
  NARU_TRY_VOID(allow(place, security::Action::configure, NameKind::queue, name));
  out.share(NameKind::queue, place.tenant, name);
  const QueueInfo* queue = catalog_.find_queue(place.tenant, name);
  if (queue == nullptr) return {};
  NARU_TRY_VOID(check_access(*queue, actor.connection, place.tenant_name));
  Removal(catalog_, out).queue(*queue);
  out.answer = {.name = name, .queue = queue->ref, .changed = true};
  return {};
}

Result<void> Decider::run(const DeleteQueueById& change, const Actor&, Decision& out) {
  const QueueInfo* queue = catalog_.find_queue(change.queue);
  if (queue == nullptr) return {};
  out.share(NameKind::tenant, {}, *catalog_.tenant_name(queue->tenant));
  Removal(catalog_, out).queue(*queue);
  out.answer = {.name = queue->name, .queue = queue->ref, .changed = true};
  return {};
}

Result<void> Decider::run(const DropConnection& change, const Actor&, Decision& out) {
  out.own(NameKind::connection, {}, std::to_string(change.connection.value));
  Removal removal(catalog_, out);
  catalog_.each_exclusive(change.connection, [&](const QueueInfo& queue) {
    out.share(NameKind::tenant, {}, *catalog_.tenant_name(queue.tenant));
    removal.queue(queue);
  });
  out.answer.changed = !out.empty();
  return {};
}

}  // namespace naru::core
