// A request's target, as anybody may send it: no input breaks the parser, and what it accepts means
// the same when it is encoded and read again.
#include <algorithm>
#include <cstdlib>
#include <ranges>

#include "admin/operations.h"
#include "admin/target.h"
#include "base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const naru::ByteView input(data, size);
  const auto target = naru::admin::parse_target(naru::as_text(input));
  if (!target) return 0;
  // Behind a first segment, as a path that begins with "/./" is the same as one without (RFC 3986,
  // 5.2.4, which the parser applies there only).
  std::string again = "/api";
  for (const std::string& segment : target->segments) {
    again += "/" + naru::admin::encode_segment(segment);
  }
  // A slash at the end is dropped once, so one empty segment may be left; one more segment may be
  // one too many.
  const auto read = naru::admin::parse_target(again);
  if (again.ends_with('/') || (!read && read.error().code == naru::Errc::limit)) return 0;
  if (!read || !std::ranges::equal(target->segments, read->segments | std::views::drop(1))) {
    std::abort();
  }
  for (const naru::admin::Operation& operation : naru::admin::operations()) {
    const auto found = naru::admin::match_path(operation.path, target->segments);
    if (found && found->size() > target->segments.size()) std::abort();
  }
  return 0;
}
