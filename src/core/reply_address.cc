#include "core/reply_address.h"

#include <fmt/format.h>

#include <charconv>

namespace naru::core {

namespace {
constexpr std::string_view kPrefix = "amq.rabbitmq.reply-to.";
}

std::string make_reply_address(ConnectionId connection, security::Tokens& tokens) {
  return fmt::format("{}{:016x}.{}", kPrefix, connection.value, tokens.next());
}

std::optional<ConnectionId> parse_reply_address(std::string_view key) {
  if (!key.starts_with(kPrefix)) return std::nullopt;
  key.remove_prefix(kPrefix.size());
  if (key.size() != 16 + 1 + 32 || key[16] != '.') return std::nullopt;
  std::uint64_t connection = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + 16, connection, 16);
  if (error != std::errc{} || end != key.data() + 16) return std::nullopt;
  return ConnectionId(connection);
}

}  // namespace naru::core
