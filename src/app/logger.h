#pragma once
/// Log lines on standard error.

#include <memory>
#include <string_view>

#include "base/log.h"

namespace naru::app {

/// One line per call: "2026-03-01T12:00:00.123+01:00 info  text". Callable from any thread.
class StderrLogger final : public Logger {
 public:
  /// `level` is one of the setting log.level.
  explicit StderrLogger(std::string_view level);
  ~StderrLogger() override;
  bool enabled(LogLevel level) const override;
  void write(LogLevel level, std::string_view line) override;

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

/// The text with control characters and broken UTF-8 made visible: "a\x1b[0m" cannot reach a
/// terminal.
std::string escaped(std::string_view text);

}  // namespace naru::app
