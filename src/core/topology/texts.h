#pragma once
/// The words that RabbitMQ's clients match: names of resources, values and their types.

#include <string>
#include <string_view>

#include "message/value.h"

namespace naru::core {

/// "queue 'q' in vhost '/'"
std::string queue_text(std::string_view name, std::string_view tenant);
/// "exchange 'x' in vhost '/'"
std::string exchange_text(std::string_view name, std::string_view tenant);
/// "cannot obtain exclusive access to locked queue 'q' in vhost '/'. …"
std::string locked_text(std::string_view queue, std::string_view tenant);

/// RabbitMQ drops line ends from the names of what is declared, bound or deleted (amqp091 §4).
std::string without_line_ends(std::string_view name);

/// A value without its type: "60000", "true", "drop-head".
std::string value_text(const message::Value& value);
/// A type's name in RabbitMQ: "signedint", "longstr", "bool".
std::string_view type_text(const message::Value& value);

}  // namespace naru::core
