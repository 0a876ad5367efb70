#pragma once
/// Headers exchanges: a binding's arguments are compared with the message's headers.

#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/routing/binding.h"
#include "message/value.h"

namespace naru::core {

/// A message's headers, sorted once per message for many look-ups.
class HeaderIndex {
 public:
  /// Indexes `headers`, which must outlive its use. Of a repeated name the first one counts.
  void assign(const message::Table& headers);
  const message::Value* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string_view, const message::Value*>> sorted_;
};

/// The argument x-match says how: all (default), any, all-with-x, any-with-x. The first two ignore
/// arguments whose names begin with "x-"; x-match itself is never a criterion. A void argument asks
/// only for the header's presence (amqp091 §3).
class HeadersMatcher {
 public:
  /// Errors: precondition_failed, for an x-match that is none of the four.
  static Result<void> check_arguments(const message::Table& arguments);

  void add(Binding& binding) { all_.insert(binding); }
  void remove(Binding& binding) { all_.remove(binding); }
  /// Returns how many criteria it looked at.
  std::size_t match(const HeaderIndex& headers, Matches& out) const;

 private:
  BindingRing<&Binding::matcher_hook> all_;
};

}  // namespace naru::core
