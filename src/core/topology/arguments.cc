#include "core/topology/arguments.h"

#include <optional>

namespace naru::core {

namespace {

std::optional<std::uint64_t> milliseconds(const message::Table& arguments, std::string_view name) {
  const message::Value* value = message::find(arguments, name);
  if (value == nullptr) return std::nullopt;
  const auto integer = value->integer();
  if (!integer || *integer < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*integer);
}

}  // namespace

std::string alternate_of(const message::Table& arguments) {
  const message::Value* value = message::find(arguments, "alternate-exchange");
  if (value == nullptr || value->text() == nullptr) return {};
  return *value->text();
}

QueueSettings settings_of(const QueueInfo& queue) {
  QueueSettings settings;
  settings.durable = queue.durable;
  settings.auto_delete = queue.auto_delete;
  settings.message_ttl_ms = milliseconds(queue.arguments, "x-message-ttl");
  settings.expires_ms = milliseconds(queue.arguments, "x-expires");
  return settings;
}

}  // namespace naru::core
