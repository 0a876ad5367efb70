#pragma once
/// Permission patterns: regular expressions searched in names, in time linear in the name.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::security {

/// The memory that a pattern takes, which grows with the time that compiling it does: an estimate,
/// rather more than less.
///
/// Errors: precondition_failed, with what is wrong with the pattern. RE2's syntax: no
/// back-references and no look-around, which Erlang's would take. What takes much to compile is
/// refused, too: many classes of Unicode, and what is larger than 128 KiB with its automaton.
Result<std::size_t> check_pattern(std::string_view pattern);

/// Compiled patterns, by their text. Owned by one shard. Bound: so many bytes; beyond it the one
/// that has not been used for the longest goes, and is compiled again when it is used. One, however
/// large, stays.
class PatternCache {
 public:
  explicit PatternCache(std::size_t bytes_max);
  ~PatternCache();
  PatternCache(const PatternCache&) = delete;
  PatternCache& operator=(const PatternCache&) = delete;

  /// True when `pattern` is found somewhere in `name`. An empty pattern is found in the empty name
  /// only, as in RabbitMQ; a pattern that does not compile nowhere.
  bool found(std::string_view pattern, std::string_view name);
  /// Lets go at once of what is more.
  void set_bytes_max(std::size_t bytes_max);
  /// With what the automata of the patterns may grow to.
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return compiled_.size(); }

 private:
  struct Compiled;

  Compiled& compiled(std::string_view pattern);
  void let_go();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t uses_ = 0;
  /// Keys are views of the patterns in there.
  boost::unordered_flat_map<std::string_view, std::unique_ptr<Compiled>> compiled_;
};

}  // namespace naru::security
