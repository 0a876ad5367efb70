#pragma once
/// Who acts, and what may be asked: neutral resources and actions that every protocol maps its
/// verbs to.

#include <cstdint>
#include <string>
#include <string_view>

namespace naru::security {

/// An authenticated user. A value: later changes to the user are looked up by name.
struct Principal {
  std::string user;
  std::string tags;  // comma-separated, as given

  bool has_tag(std::string_view tag) const;
  bool is_administrator() const { return has_tag("administrator"); }
};

enum class Action : std::uint8_t { configure, write, read };

}  // namespace naru::security
