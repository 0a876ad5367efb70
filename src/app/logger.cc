#include "app/logger.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>

#include <algorithm>
#include <mutex>

#include "app/line_writer.h"
#include "app/log_quota.h"
#include "io/asio/system_clock.h"

namespace naru::app {

namespace {
spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_plain(unsigned char c) {
  return c >= 0x20 && c != 0x7f;
}

// Far more than any line that is meant.
constexpr std::size_t kLineBytesMax = 4096;

constexpr std::string_view kPlain = "\x1b[m";
std::string_view colour_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::warn:
      return "\x1b[33;1m";
    case spdlog::level::err:
      return "\x1b[31;1m";
    case spdlog::level::info:
      return "\x1b[32m";
    default:
      return "\x1b[36m";
  }
}
}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  const std::string_view shown = text.substr(0, kLineBytesMax);
  out.reserve(shown.size());
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
  if (shown.size() < text.size()) {
    fmt::format_to(std::back_inserter(out), "... ({} bytes more)", text.size() - shown.size());
  }
  return out;
}

std::string without_fields(std::string_view format) {
  std::string out;
  while (!format.empty()) {
    const std::size_t open = format.find('{');
    out += format.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = format.find('}', open);
    if (close == std::string_view::npos) break;
    out += "…";
    format.remove_prefix(close + 1);
  }
  return out;
}

struct StderrLogger::Parts {
  Parts(std::string_view level_name, int descriptor)
      : level(spdlog::level::from_str(std::string(level_name))),
        coloured(::isatty(descriptor) == 1),
        writer(descriptor) {}

  void put(LogLevel of, std::string_view text);
  std::string formatted(spdlog::level::level_enum of, std::string_view text);

  const spdlog::level::level_enum level;
  const bool coloured;
  LineWriter writer;
  std::mutex mutex;  // guards what follows
  spdlog::pattern_formatter formatter{"%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %v"};
  LogQuota quota;
};

std::string StderrLogger::Parts::formatted(spdlog::level::level_enum of, std::string_view text) {
  const spdlog::details::log_msg message("naru", of,
                                         spdlog::string_view_t(text.data(), text.size()));
  spdlog::memory_buf_t buffer;
  formatter.format(message, buffer);
  std::string line(buffer.data(), buffer.size());
  if (coloured) {
    line.insert(message.color_range_end, kPlain);
    line.insert(message.color_range_start, colour_of(of));
  }
  return line;
}

void StderrLogger::Parts::put(LogLevel of, std::string_view text) {
  const std::lock_guard lock(mutex);
  if (const std::uint64_t dropped = writer.take_dropped(); dropped != 0) {
    writer.put(formatted(
        spdlog::level::warn,
        fmt::format("{} log lines were dropped here, as nobody read standard error", dropped)));
  }
  writer.put(formatted(level_of(of), text));
}

StderrLogger::StderrLogger(std::string_view level, int descriptor)
    : parts_(std::make_unique<Parts>(level, descriptor)) {}

StderrLogger::~StderrLogger() = default;

bool StderrLogger::enabled(LogLevel level) const {
  return level_of(level) >= parts_->level;
}

bool StderrLogger::admits(LogLevel level, std::string_view cause) {
  if (!enabled(level)) return false;
  if (level < LogLevel::info) return true;  // somebody asked for all of them
  LogQuota::Verdict verdict;
  {
    const std::lock_guard lock(parts_->mutex);
    verdict = parts_->quota.ask(cause, io::asio_impl::read_clocks().mono);
  }
  if (verdict.left_out != 0) {
    write(level, fmt::format("{} lines were left out, all like: {}", verdict.left_out,
                             without_fields(cause)));
  }
  return verdict.admitted;
}

void StderrLogger::write(LogLevel level, std::string_view line) {
  const bool plain = line.size() <= kLineBytesMax && std::ranges::all_of(line, [](char c) {
                       return is_plain(static_cast<unsigned char>(c));
                     });
  if (plain) return parts_->put(level, line);
  parts_->put(level, escaped(line));
}

void StderrLogger::flush() {
  parts_->writer.flush();
}

}  // namespace naru::app
