#include "security/patterns.h"

#include <re2/re2.h>

namespace naru::security {

namespace {

constexpr std::size_t kPatternBytesMax = 4096;

re2::RE2::Options options() {
  re2::RE2::Options result;
  result.set_log_errors(false);
  result.set_never_capture(true);
  // Of program and automaton; a pattern that needs more is refused, a name falls back to the slower
  // of RE2's linear engines. The default of 8 MiB would be 4 GiB for a full cache.
  result.set_max_mem(256 << 10);
  return result;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(Errc::precondition_failed, "the pattern is longer than 4096 bytes");
  }
  const re2::RE2 compiled(piece(pattern), options());
  if (compiled.ok()) return {};
  return fail(Errc::precondition_failed,
              "'" + std::string(pattern) +
                  "' is not a regular expression that Naru knows: " + compiled.error());
}

PatternCache::PatternCache(std::size_t count_max) : count_max_(count_max) {}
PatternCache::~PatternCache() = default;

bool PatternCache::found(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern == ".*") return true;
  auto at = compiled_.find(pattern);
  if (at == compiled_.end()) {
    if (compiled_.size() >= count_max_) compiled_.clear();
    auto expression = std::make_unique<re2::RE2>(piece(pattern), options());
    const std::string_view key = expression->pattern();
    at = compiled_.emplace(key, std::move(expression)).first;
  }
  return at->second->ok() && re2::RE2::PartialMatch(piece(name), *at->second);
}

}  // namespace naru::security
