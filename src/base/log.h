#pragma once
/// Log lines for operators, on standard error. Never a secret, never a message body, never per
/// message.

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace naru {

enum class LogLevel : int { trace, debug, info, warn, error };

/// Where lines go. One per process, built in app/ and handed to whoever logs; tests hand in their
/// own.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  /// Writes one line; control characters are escaped by the implementation. Callable from any
  /// shard.
  virtual void write(LogLevel level, std::string_view line) = 0;

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::error, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::debug, format, std::forward<Args>(args)...);
  }

 private:
  template <typename... Args>
  void line(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
};

/// A logger that drops everything.
class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}
};

}  // namespace naru
