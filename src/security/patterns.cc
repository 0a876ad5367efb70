#include "security/patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace naru::security {

namespace {

constexpr std::size_t kTextBytesMax = 4096;
/// \pL alone takes half a millisecond to compile.
constexpr std::size_t kUnicodeClassesMax = 8;

/// Of program and automaton, as RE2 bounds them: the more an expression may have, the larger its
/// automaton grows, so it gets the first that is enough. A name for which the automaton has no room
/// is searched with the slower of RE2's linear engines. The last is for patterns of earlier
/// versions.
constexpr std::array<std::size_t, 4> kMemorySizes{8 << 10, 32 << 10, 128 << 10, 256 << 10};
constexpr std::size_t kCheckedMemory = kMemorySizes[2];

re2::RE2::Options options(std::size_t memory_bytes) {
  re2::RE2::Options result;
  result.set_log_errors(false);
  result.set_never_capture(true);
  result.set_max_mem(static_cast<std::int64_t>(memory_bytes));
  return result;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

bool is_literal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_' || (c & 0x80) != 0;
}

std::size_t unicode_classes(std::string_view pattern) {
  std::size_t count = 0;
  for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
    count += pattern[at] == '\\' && (pattern[at + 1] == 'p' || pattern[at + 1] == 'P') ? 1 : 0;
  }
  return count;
}

/// Whether letters may stand for others, as in (?i): each may be a class of its own then.
bool has_flags(std::string_view pattern) {
  for (std::size_t at = 0; (at = pattern.find("(?", at)) != pattern.npos; ++at) {
    if (at + 2 < pattern.size() && pattern[at + 2] != ':') return true;
  }
  return false;
}

/// Of the expression without its program and automaton: RE2 does not tell. Measured with patterns
/// that are nothing but groups, alternatives, repetitions or classes.
std::size_t expression_bytes(std::string_view pattern) {
  constexpr std::size_t kFixed = 1024;
  const std::size_t character = has_flags(pattern) ? 160 : 16;
  constexpr std::size_t kOperator = 144;
  constexpr std::size_t kUnicodeClass = 5632;
  const auto literals = static_cast<std::size_t>(std::ranges::count_if(pattern, is_literal));
  return kFixed + pattern.size() * character + (pattern.size() - literals) * kOperator +
         unicode_classes(pattern) * kUnicodeClass;
}

std::unexpected<Error> refused(std::string_view pattern, std::string_view why) {
  return fail(Errc::precondition_failed, "'" + std::string(pattern) + "' " + std::string(why));
}

}  // namespace

Result<std::size_t> check_pattern(std::string_view pattern) {
  if (pattern.size() > kTextBytesMax) {
    return fail(Errc::precondition_failed, "the pattern is longer than 4096 bytes");
  }
  if (unicode_classes(pattern) > kUnicodeClassesMax) {
    return refused(pattern, "has more than 8 classes of Unicode (\\p, \\P): name fewer");
  }
  const re2::RE2 compiled(piece(pattern), options(kCheckedMemory));
  if (compiled.ok()) {
    constexpr std::size_t kInstruction = 16;
    return expression_bytes(pattern) +
           static_cast<std::size_t>(compiled.ProgramSize()) * kInstruction;
  }
  if (compiled.error_code() == re2::RE2::ErrorPatternTooLarge) {
    return refused(pattern,
                   "takes more than 128 KiB once it is compiled: use fewer repetitions, "
                   "alternatives or classes of Unicode");
  }
  return refused(pattern, "is not a regular expression that Naru knows: " + compiled.error());
}

struct PatternCache::Compiled {
  explicit Compiled(std::string_view text) : pattern(text), bytes(expression_bytes(text)) {
    for (const std::size_t memory : kMemorySizes) {
      expression = std::make_unique<re2::RE2>(piece(pattern), options(memory));
      if (expression->ok()) {
        // A half is for the other of the two automata, which a search for nothing but an answer
        // does not make.
        bytes += memory / 2;
        return;
      }
      if (expression->error_code() != re2::RE2::ErrorPatternTooLarge) break;
    }
    expression.reset();
  }

  const std::string pattern;
  std::unique_ptr<re2::RE2> expression;  // none when the pattern does not compile
  std::size_t bytes;
  std::uint64_t used = 0;
};

PatternCache::PatternCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}
PatternCache::~PatternCache() = default;

bool PatternCache::found(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern == ".*") return true;
  const Compiled& it = compiled(pattern);
  return it.expression && re2::RE2::PartialMatch(piece(name), *it.expression);
}

PatternCache::Compiled& PatternCache::compiled(std::string_view pattern) {
  auto at = compiled_.find(pattern);
  const bool is_new = at == compiled_.end();
  if (is_new) {
    auto made = std::make_unique<Compiled>(pattern);
    bytes_ += made->bytes;
    const std::string_view key = made->pattern;
    at = compiled_.emplace(key, std::move(made)).first;
  }
  Compiled& it = *at->second;
  it.used = ++uses_;
  if (is_new) let_go();
  return it;
}

void PatternCache::set_bytes_max(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  let_go();
}

void PatternCache::let_go() {
  while (bytes_ > bytes_max_ && compiled_.size() > 1) {
    const auto oldest = std::ranges::min_element(
        compiled_, {}, [](const auto& entry) { return entry.second->used; });
    bytes_ -= oldest->second->bytes;
    compiled_.erase(oldest);
  }
}

}  // namespace naru::security
