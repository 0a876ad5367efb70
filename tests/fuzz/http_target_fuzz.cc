// A request's target, as anybody may send it: no input breaks the parser, and what it accepts means
// the same when it is encoded and read again.
#include <cstdlib>

#include "admin/operations.h"
#include "admin/target.h"
#include "base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const naru::ByteView input(data, size);
  const auto target = naru::admin::parse_target(naru::as_text(input));
  if (!target) return 0;
  std::string again;
  for (const std::string& segment : target->segments) {
    again += "/" + naru::admin::encode_segment(segment);
  }
  // A slash at the end is dropped once, so one empty segment may be left.
  if (again.empty() || again.ends_with('/')) return 0;
  const auto read = naru::admin::parse_target(again);
  if (!read || read->segments != target->segments) std::abort();
  for (const naru::admin::Operation& operation : naru::admin::operations()) {
    const auto found = naru::admin::match_path(operation.path, target->segments);
    if (found && found->size() > target->segments.size()) std::abort();
  }
  return 0;
}
