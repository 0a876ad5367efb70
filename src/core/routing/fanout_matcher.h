#pragma once
/// Fanout exchanges: every binding matches.

#include "core/routing/binding.h"

namespace naru::core {

class FanoutMatcher {
 public:
  void add(Binding& binding) { all_.insert(binding); }
  void remove(Binding& binding) { all_.remove(binding); }
  void match(Matches& out) const {
    all_.each([&](Binding& binding) { out.push_back(binding.destination); });
  }

 private:
  BindingRing<&Binding::matcher_hook> all_;
};

}  // namespace naru::core
