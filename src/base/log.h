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
  /// Whether another line of this kind may be written now; asked once for each. `cause`, the text
  /// of the program that the line is made of, tells the kinds apart.
  virtual bool admits(LogLevel level, std::string_view cause) {
    (void)cause;
    return enabled(level);
  }
  /// Writes one line; control characters are escaped by the implementation. Callable from any
  /// shard.
  virtual void write(LogLevel level, std::string_view line) = 0;
  /// Waits, within a bound, until what was written has left the process.
  virtual void flush() {}

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
    if (!enabled(level)) return;
    const fmt::string_view cause = format;
    if (!admits(level, {cause.data(), cause.size()})) return;
    write(level, fmt::format(format, std::forward<Args>(args)...));
  }
};

/// A logger that drops everything.
class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}
};

}  // namespace naru
