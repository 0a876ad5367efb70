#pragma once
/// Permission patterns: regular expressions searched in names, in time linear in the name.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace naru::security {

/// Errors: precondition_failed, with what is wrong with the pattern. RE2's syntax: no
/// back-references and no look-around, which Erlang's would take.
Result<void> check_pattern(std::string_view pattern);

/// Compiled patterns, by their text. Owned by one shard. Bound: `count_max`; when reached, all are
/// forgotten and compiled again as they are used.
class PatternCache {
 public:
  explicit PatternCache(std::size_t count_max = 512);
  ~PatternCache();
  PatternCache(const PatternCache&) = delete;
  PatternCache& operator=(const PatternCache&) = delete;

  /// True when `pattern` is found somewhere in `name`. An empty pattern is found in the empty name
  /// only, as in RabbitMQ; a pattern that does not compile nowhere.
  bool found(std::string_view pattern, std::string_view name);
  std::size_t size() const { return compiled_.size(); }

 private:
  std::size_t count_max_;
  /// Keys are views of the expressions' own patterns.
  boost::unordered_flat_map<std::string_view, std::unique_ptr<re2::RE2>> compiled_;
};

}  // namespace naru::security
