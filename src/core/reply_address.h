#pragma once
/// Direct reply-to: an address of one connection that needs no queue (RabbitMQ "Direct Reply-to").

#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "security/tokens.h"

namespace naru::core {

/// "amq.rabbitmq.reply-to." + connection in hex + "." + a token, so that it cannot be guessed.
std::string make_reply_address(ConnectionId connection, security::Tokens& tokens);
/// The connection a reply address belongs to; nothing when `key` is not of that form.
std::optional<ConnectionId> parse_reply_address(std::string_view key);

}  // namespace naru::core
