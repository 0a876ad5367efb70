#pragma once
/// Names of resources in the words that RabbitMQ's clients match.

#include <string>
#include <string_view>

namespace naru::core {

/// "queue 'q' in vhost '/'"
std::string queue_text(std::string_view name, std::string_view tenant);
/// "exchange 'x' in vhost '/'"
std::string exchange_text(std::string_view name, std::string_view tenant);

}  // namespace naru::core
