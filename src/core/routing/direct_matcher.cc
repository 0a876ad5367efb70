#include "core/routing/direct_matcher.h"

#include "base/check.h"

namespace naru::core {

void DirectMatcher::add(Binding& binding) {
  by_key_[binding.key].insert(binding);
}

void DirectMatcher::remove(Binding& binding) {
  const auto at = by_key_.find(binding.key);
  NARU_CHECK(at != by_key_.end(), "a binding is removed from where it was added");
  const bool was_front = at->second.front() == &binding;
  at->second.remove(binding);
  if (!was_front) return;
  Ring rest = at->second;
  by_key_.erase(at);
  if (!rest.empty()) by_key_.emplace(rest.front()->key, rest);
}

void DirectMatcher::match(std::string_view key, Matches& out) const {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return;
  at->second.each([&](Binding& binding) { out.push_back(binding.destination); });
}

}  // namespace naru::core
