#pragma once
/// What a request's target says: the path's segments and the query.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace naru::admin {

struct Target {
  /// Decoded: "/api/queues/%2F/a%20b" is {"api", "queues", "/", "a b"}.
  std::vector<std::string> segments;
  /// Decoded, in order.
  std::vector<std::pair<std::string, std::string>> query;

  /// The first value called `name`.
  std::optional<std::string_view> find(std::string_view name) const;
  /// "true" is true; anything else, or nothing, is false.
  bool flag(std::string_view name) const;
};

/// Errors: malformed, limit (more segments or parameters than any operation has).
Result<Target> parse_target(std::string_view target);

/// The exchange that a segment names: the default one has no name, and so goes by "amq.default".
std::string exchange_name(const std::string& segment);

/// Percent-encodes whatever a path segment or a query value cannot hold as it is.
std::string encode_segment(std::string_view text);

/// Matches decoded segments against a template such as "/api/queues/{vhost}/{queue}", and returns
/// what stands in the places of the names in braces, in order; nothing when it does not match.
std::optional<std::vector<std::string>> match_path(std::string_view path_template,
                                                   const std::vector<std::string>& segments);

}  // namespace naru::admin
