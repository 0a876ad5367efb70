#include "admin/properties_key.h"

#include <fmt/format.h>

#include "admin/target.h"
#include "base/byte_buffer.h"
#include "base/crc32c.h"

namespace naru::admin {

std::string properties_key(std::string_view routing_key, const message::Table& arguments) {
  // "~" is unreserved in URLs, but here it separates the two parts.
  std::string key;
  for (const char c : encode_segment(routing_key)) {
    if (c == '~') {
      key += "%7E";
    } else {
      key += c;
    }
  }
  if (arguments.empty()) return key.empty() ? "~" : key;
  ByteBuffer encoded;
  message::encode(encoded, arguments);
  return fmt::format("{}~{:08x}", key, crc32c(encoded.view()));
}

}  // namespace naru::admin
