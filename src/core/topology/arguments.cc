#include "core/topology/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/topology/texts.h"

namespace naru::core {

namespace {

using message::Table;
using message::Value;

constexpr std::int64_t kTenYearsMs = 315'360'000'000;
constexpr std::int64_t kPriorityMax = 255;

/// Why a value will not do, as RabbitMQ writes it; empty: it will.
using Check = std::string (*)(const Value& value, const Table& arguments);

std::string term(std::string_view reason, const Value& value) {
  return fmt::format("{{{},{}}}", reason, value_text(value));
}
std::string unacceptable(const Value& value) {
  return fmt::format("{{unacceptable_type,{}}}", type_text(value));
}

std::string integer(const Value& value, const Table&) {
  if (value.integer()) return {};
  return fmt::format("\"expected integer, got {}\"", type_text(value));
}
std::string not_negative(const Value& value, const Table& arguments) {
  if (std::string why = integer(value, arguments); !why.empty()) return why;
  return *value.integer() < 0 ? term("value_negative", value) : "";
}
std::string duration(const Value& value, const Table& arguments) {
  if (std::string why = not_negative(value, arguments); !why.empty()) return why;
  return *value.integer() > kTenYearsMs ? term("value_too_large", value) : "";
}
std::string duration_above_zero(const Value& value, const Table& arguments) {
  if (value.integer() == 0) return term("value_zero", value);
  return duration(value, arguments);
}
std::string above_zero(const Value& value, const Table& arguments) {
  if (value.integer() == 0) return term("value_zero", value);
  return not_negative(value, arguments);
}
std::string priority(const Value& value, const Table& arguments) {
  if (std::string why = not_negative(value, arguments); !why.empty()) return why;
  return *value.integer() > kPriorityMax ? term("max_value_exceeded", value) : "";
}
std::string boolean(const Value& value, const Table&) {
  return std::holds_alternative<bool>(value.v) ? "" : unacceptable(value);
}
std::string text(const Value& value, const Table&) {
  return value.text() != nullptr ? "" : unacceptable(value);
}
std::string dead_letter_key(const Value& value, const Table& arguments) {
  if (value.text() == nullptr) return unacceptable(value);
  return message::find(arguments, "x-dead-letter-exchange") != nullptr
             ? ""
             : "routing_key_but_no_dlx_defined";
}
template <typename... Choices>
std::string one_of(const Value& value, std::string why, Choices... choices) {
  if (value.text() == nullptr) return unacceptable(value);
  return ((*value.text() == choices) || ...) ? "" : why;
}
std::string dead_letter_strategy(const Value& value, const Table&) {
  return one_of(value, "invalid_dlx_strategy", "at-most-once", "at-least-once");
}
std::string overflow(const Value& value, const Table&) {
  return one_of(value, "invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx");
}
std::string queue_mode(const Value& value, const Table&) {
  return one_of(value, fmt::format("\"unsupported queue mode '{}'\"", value_text(value)), "default",
                "lazy");
}
std::string queue_version(const Value& value, const Table& arguments) {
  if (std::string why = not_negative(value, arguments); !why.empty()) return why;
  const std::int64_t version = *value.integer();
  if (version == 1 || version == 2) return {};
  return fmt::format("\"unsupported queue version '{}'\"", version);
}
std::string durability(const Value& value, const Table&) {
  return one_of(
      value,
      fmt::format("\"unsupported durability '{}': fsync, interval or memory\"", value_text(value)),
      "fsync", "interval", "memory");
}
std::string queue_type(const Value& value, const Table&) {
  return one_of(value, fmt::format("\"unsupported queue type '{}'\"", value_text(value)), "",
                "classic", "quorum", "stream");
}
std::string leader_locator(const Value& value, const Table&) {
  return one_of(value, "invalid_queue_locator_arg", "client-local", "balanced", "random",
                "least-leaders");
}

constexpr unsigned kClassic = 1;
constexpr unsigned kQuorum = 2;
constexpr unsigned kStream = 4;

struct Known {
  std::string_view name;
  unsigned types;  // of queues that take it
  Check check;
  bool in_effect = false;
};

/// RabbitMQ 4.2's, in the order in which it checks them, and Naru's own.
constexpr auto kKnown = std::to_array<Known>({
    {"x-queue-type", kClassic | kQuorum | kStream, queue_type, true},
    {"x-expires", kClassic | kQuorum, duration_above_zero, true},
    {"x-message-ttl", kClassic | kQuorum, duration, true},
    {"x-dead-letter-exchange", kClassic | kQuorum, text},
    {"x-dead-letter-routing-key", kClassic | kQuorum, dead_letter_key},
    {"x-dead-letter-strategy", kQuorum, dead_letter_strategy},
    {"x-max-length", kClassic | kQuorum, not_negative},
    {"x-max-length-bytes", kClassic | kQuorum | kStream, not_negative},
    {"x-max-in-memory-length", kQuorum, not_negative},
    {"x-max-in-memory-bytes", kQuorum, not_negative},
    {"x-max-priority", kClassic, priority},
    {"x-overflow", kClassic | kQuorum, overflow},
    {"x-queue-mode", kClassic, queue_mode},
    {"x-queue-version", kClassic, queue_version},
    {"x-single-active-consumer", kClassic | kQuorum, boolean},
    {"x-consumer-timeout", kClassic | kQuorum, not_negative},
    {"x-delivery-limit", kQuorum, integer},
    {"x-quorum-initial-group-size", kQuorum, above_zero},
    {"x-max-age", kStream, text},
    {"x-stream-max-segment-size-bytes", kStream, not_negative},
    {"x-stream-filter-size-bytes", kStream, not_negative},
    {"x-initial-cluster-size", kStream, above_zero},
    {message::kDurabilityArgument, kClassic | kQuorum, durability, true},
    {"x-queue-leader-locator", kClassic | kQuorum | kStream, leader_locator},
    {"x-queue-master-locator", kClassic, text},
});

unsigned type_bit(std::string_view type) {
  if (type == "quorum") return kQuorum;
  if (type == "stream") return kStream;
  return kClassic;
}

std::optional<std::uint64_t> milliseconds(const Table& arguments, std::string_view name) {
  const Value* value = message::find(arguments, name);
  if (value == nullptr) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

/// "the value '1' of type 'signedint'", or "none"
std::string described(const Value* value) {
  if (value == nullptr) return "none";
  return fmt::format("the value '{}' of type '{}'", value_text(*value), type_text(*value));
}

std::unexpected<Error> inequivalent(std::string_view name, std::string_view resource,
                                    std::string_view current, std::string_view received) {
  return fail(Errc::already_exists,
              fmt::format("inequivalent arg '{}' for {}: received {} but current is {}", name,
                          resource, received, current));
}

}  // namespace

std::string alternate_of(const Table& arguments) {
  const Value* value = message::find(arguments, "alternate-exchange");
  if (value == nullptr || value->text() == nullptr) return {};
  return *value->text();
}

message::Durability durability_of(const QueueInfo& queue) {
  if (!queue.durable) return message::Durability::memory;
  const Value* value = message::find(queue.arguments, message::kDurabilityArgument);
  if (value == nullptr || value->text() == nullptr) return message::Durability::fsync;
  return message::parse_durability(*value->text()).value_or(message::Durability::fsync);
}

QueueSettings settings_of(const QueueInfo& queue) {
  QueueSettings settings;
  settings.durable = queue.durable;
  settings.auto_delete = queue.auto_delete;
  settings.message_ttl_ms = milliseconds(queue.arguments, "x-message-ttl");
  settings.expires_ms = milliseconds(queue.arguments, "x-expires");
  settings.durability = durability_of(queue);
  return settings;
}

std::string_view queue_type_of(const Table& arguments) {
  const Value* type = message::find(arguments, "x-queue-type");
  if (type == nullptr || type->text() == nullptr || type->text()->empty()) return "classic";
  return *type->text();
}

Result<void> check_queue_arguments(std::string_view queue, const Table& arguments) {
  NARU_TRY_VOID(check_size(queue, arguments));
  const std::string_view type = queue_type_of(arguments);
  const unsigned bit = type_bit(type);
  for (const Known& known : kKnown) {
    const Value* value = message::find(arguments, known.name);
    if (value == nullptr || (known.types & bit) == 0) continue;
    const std::string why = known.check(*value, arguments);
    if (why.empty()) continue;
    return fail(Errc::precondition_failed,
                fmt::format("invalid arg '{}' for {}: {}", known.name, queue, why));
  }
  for (const auto& [name, value] : arguments) {
    const auto* known = std::ranges::find(kKnown, std::string_view(name), &Known::name);
    if (known == kKnown.end() || (known->types & bit) != 0) continue;
    return fail(
        Errc::precondition_failed,
        fmt::format("invalid arg '{}' for {} of queue type rabbit_{}_queue", name, queue, type));
  }
  if (bit == kStream) {
    return fail(
        Errc::not_implemented,
        fmt::format("{} cannot be declared: queues of type stream are not there yet", queue));
  }
  return {};
}

Result<void> check_size(std::string_view resource, const Table& arguments) {
  constexpr std::size_t kBytesMax = 64 << 10;
  ByteBuffer bytes;
  const bool fits = message::within_limits(arguments, message::kArgumentValuesMax);
  if (fits) message::encode(bytes, arguments);
  if (fits && bytes.size() <= kBytesMax) return {};
  return fail(Errc::precondition_failed,
              fmt::format("the arguments of {} are too large or too deep", resource));
}

bool is_known_without_effect(std::string_view argument) {
  const auto* known = std::ranges::find(kKnown, argument, &Known::name);
  return known != kKnown.end() && !known->in_effect;
}

Result<void> check_flag_equal(std::string_view property, std::string_view resource, bool current,
                              bool received) {
  const auto word = [](bool value) { return value ? "true" : "false"; };
  return check_equal(property, resource, word(current), word(received));
}

Result<void> check_equal(std::string_view property, std::string_view resource,
                         std::string_view current, std::string_view received) {
  if (current == received) return {};
  return inequivalent(property, resource, fmt::format("'{}'", current),
                      fmt::format("'{}'", received));
}

Result<void> check_argument_equal(std::string_view name, std::string_view resource,
                                  const Table& current, const Table& received) {
  const Value* old_value = message::find(current, name);
  const Value* new_value = message::find(received, name);
  if (old_value == nullptr && new_value == nullptr) return {};
  if (old_value != nullptr && new_value != nullptr) {
    if (*old_value == *new_value) return {};
    return inequivalent(name, resource, fmt::format("'{}'", value_text(*old_value)),
                        fmt::format("'{}'", value_text(*new_value)));
  }
  return inequivalent(name, resource, described(old_value), described(new_value));
}

Result<void> check_queue_arguments_equal(std::string_view queue, const Table& current,
                                         const Table& received) {
  const std::string_view type = queue_type_of(current);
  for (const Known& known : kKnown) {
    if ((known.types & type_bit(type)) == 0) continue;
    if (known.name == "x-queue-type") {
      // Declaring without a type is declaring a classic queue.
      NARU_TRY_VOID(check_equal(known.name, queue, type, queue_type_of(received)));
    } else {
      NARU_TRY_VOID(check_argument_equal(known.name, queue, current, received));
    }
  }
  return {};
}

std::unexpected<Error> invalid_type(std::string_view argument, std::string_view resource,
                                    const Value& value) {
  return fail(Errc::precondition_failed, fmt::format("invalid type '{}' for arg '{}' in {}",
                                                     type_text(value), argument, resource));
}

}  // namespace naru::core
