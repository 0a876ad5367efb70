#pragma once
/// Log lines on standard error.

#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"

namespace naru::app {

/// One line per call: "2026-03-01T12:00:00.123+01:00 info  text". Callable from any thread, and
/// never waits for whoever reads the lines: what they do not read in time is dropped, counted and
/// told; lines of one kind are limited to some per second (log_quota.h).
class StderrLogger final : public Logger {
 public:
  /// `level` is one of the setting log.level.
  explicit StderrLogger(std::string_view level, int descriptor = STDERR_FILENO);
  /// Waits for what is queued, within a bound.
  ~StderrLogger() override;
  bool enabled(LogLevel level) const override;
  bool admits(LogLevel level, std::string_view cause) override;
  void write(LogLevel level, std::string_view line) override;
  void flush() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A format string as somebody who reads the log may see it: "…: lost without a goodbye: …".
std::string without_fields(std::string_view format);

/// The text with control characters and broken UTF-8 made visible: "a\x1b[0m" cannot reach a
/// terminal. What is longer than a line should be is cut.
std::string escaped(std::string_view text);

}  // namespace naru::app
