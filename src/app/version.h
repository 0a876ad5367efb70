#pragma once
/// Which Naru this is.

#include <string_view>

namespace naru::app {

/// Naru's own version, from the build: "0.1.0".
inline constexpr std::string_view kVersion = NARU_VERSION;

/// The RabbitMQ version whose behaviour clients may expect; they gate features on it.
inline constexpr std::string_view kCompatibleVersion = "4.2.0";

}  // namespace naru::app
