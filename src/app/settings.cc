#include "app/settings.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <numeric>

namespace naru::app {

namespace {

constexpr std::array<std::string_view, 5> kLogLevels{"trace", "debug", "info", "warn", "error"};

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

const std::array kSettings{
    Setting{.key = "data_dir",
            .unit = "",
            .field = &Config::data_dir,
            .text = "Where everything durable is kept; made with mode 0700 when it is missing. "
                    "Also --data-dir."},
    Setting{.key = "listeners.amqp",
            .unit = "",
            .field = &Config::listeners_amqp,
            .text = "Where AMQP clients are served. Port 0 takes a free port and prints it; an "
                    "empty list serves none."},
    Setting{.key = "listeners.http",
            .unit = "",
            .field = &Config::listeners_http,
            .text = "Where administration, health and metrics are served."},
    Setting{.key = "server.shards",
            .unit = "",
            .field = &Config::server_shards,
            .text = "Threads that serve connections and queues.",
            .min = 1,
            .max = 64},
    Setting{.key = "server.connections_max",
            .unit = "",
            .field = &Config::server_connections_max,
            .text = "Connections at once, HTTP's aside; 0, or more than fit: what the process's "
                    "limit on open files leaves beside the log. At the limit the oldest connection "
                    "that has not logged in makes room.",
            .min = 0,
            .max = 10'000'000},
    Setting{.key = "server.handshake_ms",
            .unit = "ms",
            .field = &Config::server_handshake_ms,
            .text = "A connection that has not logged in after this time is closed.",
            .min = 100,
            .max = 600'000},
    Setting{.key = "server.drain_ms",
            .unit = "ms",
            .field = &Config::server_drain_ms,
            .text = "A stopping broker drops clients that have not answered its goodbye after this "
                    "time; what is on its way to the disk it waits for.",
            .min = 0,
            .max = 600'000},
    Setting{.key = "server.background_threads",
            .unit = "",
            .field = &Config::server_background_threads,
            .text = "Threads for slow work beside the shards, such as checking passwords.",
            .min = 1,
            .max = 64},
    Setting{
        .key = "amqp.message_bytes_max",
        .unit = "bytes",
        .field = &Config::amqp_message_bytes_max,
        .text =
            "A message body above this is refused with 406, and so is one above what memory.limit "
            "leaves for one message, an eighth of it as a rule; a line at the start tells.",
        .min = 1024,
        .max = 512 * kMiB},
    Setting{
        .key = "amqp.product",
        .unit = "",
        .field = &Config::amqp_product,
        .text = "The product that AMQP clients are told; for tools that insist on \"RabbitMQ\"."},
    Setting{.key = "storage.wal_file_bytes",
            .unit = "bytes",
            .field = &Config::storage_wal_file_bytes,
            .text = "The size of a file of the log. A file is reused when nothing in it is needed "
                    "any more.",
            .min = 32 * kMiB,
            .max = 2048 * kMiB},
    Setting{.key = "storage.cache_bytes",
            .unit = "bytes",
            .field = &Config::storage_cache_bytes,
            .text = "Memory for what was written lately, from which consumers that keep up are "
                    "served; the rest is read back from disk.",
            .min = kMiB,
            .max = std::uint64_t{1} << 40},
    Setting{.key = "storage.writes_in_flight",
            .unit = "",
            .field = &Config::storage_writes_in_flight,
            .text = "Writes of the log that the disk is given at once; more than one only when "
                    "they are large.",
            .min = 1,
            .max = 64},
    Setting{.key = "storage.sync_interval_ms",
            .unit = "ms",
            .field = &Config::storage_sync_interval_ms,
            .text = "The sync that puts messages of the level interval (x-durability) on stable "
                    "storage begins after this time at most, or when one that is under way then "
                    "is done; those of the level fsync are there before they are confirmed.",
            .min = 1,
            .max = 10'000},
    Setting{.key = "storage.threads",
            .unit = "",
            .field = &Config::storage_threads,
            .text = "Threads that wait for the disk.",
            .min = 1,
            .max = 64},
    Setting{.key = "memory.limit",
            .unit = "bytes or %",
            .field = &Config::memory_limit,
            .text = "What the broker may use of memory: bytes, or a share of the machine's memory "
                    "or of the cgroup's limit, whichever is less. From 70 % of it on caches "
                    "shrink, from 80 % publishers are slowed down, from 90 % paused, from 95 % "
                    "nothing new is made.",
            .min = kMemoryLimitBytesMin,
            .max = std::uint64_t{1} << 50},
    Setting{.key = "disk.free_min",
            .unit = "bytes",
            .field = &Config::disk_free_min,
            .text = "With less than this free on the volume of data_dir, publishers are paused.",
            .min = 0,
            .max = std::uint64_t{1} << 60},
    Setting{.key = "log.level",
            .unit = "",
            .field = &Config::log_level,
            .text = "The least important lines to write to standard error.",
            .choices = kLogLevels},
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// The number of single-character edits between two keys.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

constexpr std::array<std::string_view, 7> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

/// 67108864 as "64 MiB".
std::string bytes_text(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  std::size_t unit = 0;
  for (; bytes % 1024 == 0; bytes /= 1024) ++unit;
  return fmt::format("{} {}", bytes, kUnits[unit]);
}

std::string number_text(std::uint64_t number) {
  return std::to_string(number);
}

bool is_of_bytes(const Setting& setting) {
  return setting.unit.starts_with("bytes");
}

/// "64MiB" as 67108864.
Result<std::uint64_t> parse_bytes(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view suffix = text.substr(digits);
  const auto* const unit =
      suffix.empty() ? kUnits.begin() : std::find(kUnits.begin() + 1, kUnits.end(), suffix);
  std::uint64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + digits, count);
  if (digits == 0 || unit == kUnits.end()) {
    return fail(Errc::malformed,
                fmt::format("takes bytes: a number, or one with {}, like \"64MiB\"",
                            fmt::join(kUnits.begin() + 1, kUnits.end(), ", ")));
  }
  const auto shift = static_cast<unsigned>(10 * (unit - kUnits.begin()));
  if (read.ec != std::errc() || count > UINT64_MAX >> shift)
    return fail(Errc::malformed, "is more than any disk holds");
  return count << shift;
}

Result<std::uint64_t> number_of(const Setting& setting, const SettingValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number < 0) return fail(Errc::malformed, "takes no negative number");
    return static_cast<std::uint64_t>(*number);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && is_of_bytes(setting)) return parse_bytes(*text);
  return fail(Errc::malformed, "takes a number");
}

Result<void> assign_to(std::uint64_t& field, const Setting& setting, const SettingValue& value) {
  NARU_TRY(number, number_of(setting, value));
  if (number < setting.min || number > setting.max) {
    const auto text_of = is_of_bytes(setting) ? bytes_text : number_text;
    return fail(Errc::malformed,
                fmt::format("is {}, and must lie between {} and {}", text_of(number),
                            text_of(setting.min), text_of(setting.max)));
  }
  field = number;
  return {};
}

/// 1073741824, "1GiB" or "60%".
Result<void> assign_to(MemoryLimit& field, const Setting& setting, const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && text->ends_with('%')) {
    const std::string_view digits = std::string_view(*text).substr(0, text->size() - 1);
    std::uint64_t percent = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
    if (!whole || percent < 1 || percent > 100) {
      return fail(Errc::malformed, "takes a share between \"1%\" and \"100%\"");
    }
    field = {.bytes = 0, .percent = percent};
    return {};
  }
  if (text != nullptr && !parse_bytes(*text)) {
    return fail(Errc::malformed, "takes bytes, like \"2GiB\", or a share, like \"60%\"");
  }
  MemoryLimit limit{.bytes = 0, .percent = 0};
  NARU_TRY_VOID(assign_to(limit.bytes, setting, value));
  field = limit;
  return {};
}

Result<void> assign_to(std::string& field, const Setting& setting, const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty()) return fail(Errc::malformed, "takes a text");
  if (!setting.choices.empty() &&
      std::ranges::find(setting.choices, *text) == setting.choices.end()) {
    return fail(Errc::malformed, fmt::format("is one of {}", fmt::join(setting.choices, ", ")));
  }
  field = *text;
  return {};
}

/// Whether it is an address rather than the name of one.
bool is_literal(const std::string& host) {
  in6_addr bytes{};  // room for either
  return ::inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

Result<void> assign_to(std::vector<io::Endpoint>& field, const Setting&,
                       const SettingValue& value) {
  std::vector<std::string> texts;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    texts = *list;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    texts.push_back(*text);
  } else {
    return fail(Errc::malformed, "takes a list of addresses, like [\"127.0.0.1:5672\"]");
  }
  std::vector<io::Endpoint> endpoints;
  for (const std::string& text : texts) {
    NARU_TRY(endpoint, io::Endpoint::parse(text));
    if (!is_literal(endpoint.host)) {
      return fail(Errc::malformed,
                  fmt::format("'{}' is no address to listen on: it takes the number of one, like "
                              "127.0.0.1, [::1] or 0.0.0.0, and a port",
                              text));
    }
    endpoints.push_back(std::move(endpoint));
  }
  field = std::move(endpoints);
  return {};
}

/// What a value must lie between, or be one of; empty when anything of its type will do.
std::string bounds_text(const Setting& setting) {
  if (!setting.choices.empty()) return fmt::format("{}", fmt::join(setting.choices, ", "));
  if (setting.max == UINT64_MAX) return "";
  if (!is_of_bytes(setting)) return fmt::format("{} to {}", setting.min, setting.max);
  const std::string_view share = setting.unit == "bytes or %" ? "; 1% to 100%" : "";
  return fmt::format("{} to {}{}", bytes_text(setting.min), bytes_text(setting.max), share);
}

std::string toml_of(const std::string& value) {
  return quoted(value);
}
std::string toml_of(std::uint64_t value) {
  return std::to_string(value);
}
std::string toml_of(const MemoryLimit& value) {
  return value.bytes != 0 ? std::to_string(value.bytes) : fmt::format("\"{}%\"", value.percent);
}
std::string toml_of(const std::vector<io::Endpoint>& value) {
  std::vector<std::string> texts;
  for (const io::Endpoint& endpoint : value) texts.push_back(quoted(endpoint.to_string()));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(kSettings, key, &Setting::key);
  return found == kSettings.end() ? nullptr : &*found;
}

std::string_view nearest_key(std::string_view key) {
  std::string_view nearest;
  for (const Setting& setting : kSettings) {
    if (setting.key.substr(setting.key.rfind('.') + 1) == key) return setting.key;
  }
  // More edits than a third of the key is a different word.
  std::size_t best = key.size() / 3 + 1;
  for (const Setting& setting : kSettings) {
    const std::size_t distance = edit_distance(key, setting.key);
    if (distance < best) {
      best = distance;
      nearest = setting.key;
    }
  }
  return nearest;
}

std::string environment_name(const Setting& setting) {
  std::string name = "NARU_";
  for (const char c : setting.key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

Result<void> assign(Config& config, const Setting& setting, const SettingValue& value) {
  return std::visit([&](auto field) { return assign_to(config.*field, setting, value); },
                    setting.field);
}

std::string to_toml(const Config& config, const Setting& setting) {
  return std::visit([&](auto field) { return toml_of(config.*field); }, setting.field);
}

std::string_view type_name(const Setting& setting) {
  if (!setting.unit.empty()) return setting.unit;
  if (std::holds_alternative<std::uint64_t Config::*>(setting.field)) return "number";
  if (std::holds_alternative<std::string Config::*>(setting.field)) return "text";
  return "list of addresses";
}

std::string settings_help() {
  const Config defaults;
  std::string out =
      "# Every setting with its default. A flag (--set KEY=VALUE) goes before the environment,\n"
      "# that before the file (--config FILE), that before the default.\n";
  for (const Setting& setting : kSettings) {
    const std::string bounds = bounds_text(setting);
    out += fmt::format("\n# {}\n# {}{}{}; environment: {}\n{} = {}\n", setting.text,
                       type_name(setting), bounds.empty() ? "" : ": ", bounds,
                       environment_name(setting), setting.key, to_toml(defaults, setting));
  }
  return out;
}

std::string settings_markdown() {
  const Config defaults;
  std::string out = "| key | type | bounds | default | what it does |\n|---|---|---|---|---|\n";
  for (const Setting& setting : kSettings) {
    const std::string bounds = bounds_text(setting);
    out += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", setting.key, type_name(setting),
                       bounds.empty() ? "any" : bounds, to_toml(defaults, setting), setting.text);
  }
  return out;
}

}  // namespace naru::app
