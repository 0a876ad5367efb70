#pragma once
/// Which Naru this is.

#include <string_view>

namespace naru::app {

/// Naru's own version, from the build: "0.1.0".
inline constexpr std::string_view kVersion = NARU_VERSION;

}  // namespace naru::app
