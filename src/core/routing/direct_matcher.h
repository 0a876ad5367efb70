#pragma once
/// Direct exchanges: a binding matches the routing key that equals its own.

#include <boost/unordered/unordered_flat_map.hpp>
#include <string_view>

#include "core/routing/binding.h"
#include "core/routing/text_hash.h"

namespace naru::core {

class DirectMatcher {
 public:
  void add(Binding& binding);
  void remove(Binding& binding);
  void match(std::string_view key, Matches& out) const;

 private:
  /// Bindings of one key. The map's key is a view of the ring's front's.
  using Ring = BindingRing<&Binding::matcher_hook>;
  boost::unordered_flat_map<std::string_view, Ring, TextHash> by_key_;
};

}  // namespace naru::core
