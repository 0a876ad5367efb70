#pragma once
/// The server's log, for what only it tells: that it ends a connection.

#include <charconv>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/log.h"

namespace naru::sim {

/// Drops everything but that. A connection that the server ends gives its leases back before its
/// client has read why, or all that came before.
class ServerLog final : public Logger {
 public:
  /// `told` gets the port of the connection's peer.
  explicit ServerLog(std::function<void(std::uint16_t)> told) : told_(std::move(told)) {}

  bool enabled(LogLevel level) const override { return level == LogLevel::warn; }
  void write(LogLevel, std::string_view line) override {
    if (!line.contains(": closing connection of user ")) return;
    const std::string_view peer = line.substr(0, line.find(" -> "));
    const std::string_view digits = peer.substr(peer.rfind(':') + 1);
    std::uint16_t port = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    told_(port);
  }

 private:
  std::function<void(std::uint16_t)> told_;
};

}  // namespace naru::sim
