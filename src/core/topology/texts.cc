#include "core/topology/texts.h"

#include <fmt/format.h>

namespace naru::core {

std::string queue_text(std::string_view name, std::string_view tenant) {
  return fmt::format("queue '{}' in vhost '{}'", name, tenant);
}

std::string exchange_text(std::string_view name, std::string_view tenant) {
  return fmt::format("exchange '{}' in vhost '{}'", name, tenant);
}

}  // namespace naru::core
