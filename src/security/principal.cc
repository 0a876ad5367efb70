#include "security/principal.h"

namespace naru::security {

bool Principal::has_tag(std::string_view tag) const {
  std::string_view rest = tags;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (rest.substr(0, comma) == tag) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace naru::security
