#include "app/logger.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <algorithm>

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
}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
  return out;
}

struct StderrLogger::Sink {
  spdlog::logger logger{"naru", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>()};
};

StderrLogger::StderrLogger(std::string_view level) : sink_(std::make_unique<Sink>()) {
  sink_->logger.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %v");
  sink_->logger.set_level(spdlog::level::from_str(std::string(level)));
  sink_->logger.flush_on(spdlog::level::trace);
}

StderrLogger::~StderrLogger() = default;

bool StderrLogger::enabled(LogLevel level) const {
  return sink_->logger.should_log(level_of(level));
}

void StderrLogger::write(LogLevel level, std::string_view line) {
  if (std::ranges::all_of(line, [](char c) { return is_plain(static_cast<unsigned char>(c)); })) {
    sink_->logger.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
  } else {
    const std::string safe = escaped(line);
    sink_->logger.log(level_of(level), spdlog::string_view_t(safe.data(), safe.size()));
  }
}

}  // namespace naru::app
