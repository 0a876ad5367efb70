#include "tests/wire/script.h"

#include <fmt/core.h>

#include <charconv>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "protocol/amqp091/module.h"
#include "storage/testing/fake_disk.h"
#include "tests/support/broker_rig.h"
#include "tests/wire/amqp091_text.h"
#include "tests/wire/amqp091_value_text.h"

namespace naru::wire {

namespace {

using testing::BrokerRig;
using testing::RigConnection;

std::unexpected<Error> unreadable(std::string what) {
  return fail(Errc::malformed, std::move(what));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

class Script {
 public:
  explicit Script(const ScriptOptions& options) : options_(options), disk_(options.seed) {
    start();
  }

  Result<void> line(std::string_view line) {
    line = trimmed(line);
    if (line.empty() || line.front() == '#') return {};
    if (line.front() == '@') return directive(line.substr(1));
    const std::size_t at = line.find_first_of("<>");
    if (at == std::string_view::npos) return unreadable("not a line of a transcript");
    const std::string name(trimmed(line.substr(0, at)));
    const auto found = peers_.find(name.empty() ? "a" : name);
    if (found == peers_.end()) return unreadable("no such connection");
    const std::string_view rest = trimmed(line.substr(at + 1));
    return line[at] == '>' ? send(found->second, rest) : expect(found->second, rest);
  }

  /// Nothing may be left unsaid at the end of a transcript.
  Result<void> finish() {
    for (auto& [name, peer] : peers_) NARU_TRY_VOID(expect(peer, ""));
    return {};
  }

 private:
  struct Peer {
    RigConnection* connection = nullptr;
    std::string unread;
  };

  void start() {
    peers_.clear();
    rig_ = nullptr;
    BrokerRig::Options rig;
    rig.seed = options_.seed + ++starts_;
    rig.shards = options_.shards;
    rig_ = std::make_unique<BrokerRig>(disk_, std::move(rig));
  }

  Result<void> send(Peer& peer, std::string_view line) {
    ByteBuffer octets;
    NARU_TRY_VOID(append_line(octets, substituted(line)));
    peer.connection->send(octets.view());
    return {};
  }

  Result<void> expect(Peer& peer, std::string_view expected) {
    rig_->settle();
    peer.unread += peer.connection->receive();
    const auto actual = describe(as_bytes(peer.unread));
    if (expected.empty()) {
      return actual ? fail(Errc::precondition_failed, "expected nothing, got: " + actual->line)
                    : Result<void>();
    }
    if (!actual) {
      const bool closed = peer.connection->closed();
      if (expected == "closed" && closed) return {};
      return fail(Errc::precondition_failed,
                  fmt::format("expected: {}\n  got nothing{}", expected,
                              closed ? ", the connection is closed" : ""));
    }
    peer.unread.erase(0, actual->bytes);
    if (!matches(pattern(expected), actual->line)) {
      return fail(Errc::precondition_failed,
                  fmt::format("expected: {}\n  got:    {}", expected, actual->line));
    }
    capture(expected, actual->line);
    return {};
  }

  // ---- Names for values ----

  std::string substituted(std::string_view line) const {
    std::string text(line);
    for (const auto& [name, value] : values_) {
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
        text.replace(at, name.size(), value);
        at += value.size();
      }
    }
    return text;
  }
  std::string pattern(std::string_view expected) const {
    std::string text;
    const std::string known = substituted(expected);
    for (const std::string_view word : words(known)) {
      const std::size_t at = word.find("=$");
      text +=
          at == std::string_view::npos ? std::string(word) : std::string(word.substr(0, at)) + "=*";
      text += ' ';
    }
    return text;
  }
  void capture(std::string_view expected, std::string_view actual) {
    for (const std::string_view word : words(expected)) {
      const std::size_t at = word.find("=$");
      if (at == std::string_view::npos) continue;
      for (const std::string_view field : words(actual)) {
        if (field.substr(0, at + 1) == word.substr(0, at + 1))
          values_.emplace(word.substr(at + 1), field.substr(at + 1));
      }
    }
  }

  // ---- Directives ----

  Result<void> directive(std::string_view line) {
    const auto parts = words(line);
    const std::string_view what = parts[0];
    std::string name = "a";
    std::size_t options_at = 1;
    if (parts.size() > 1 && parts[1].find('=') == std::string_view::npos) {
      name = parts[1];
      options_at = 2;
    }
    if (what == "connect") return connect(name, std::span(parts).subspan(options_at));
    if (what == "open") {
      peers_[name] = {&rig_->connect(module_), {}};
      return {};
    }
    if (what == "advance") return advance(name);
    if (what == "cut") {
      const auto found = peers_.find(name);
      if (found == peers_.end()) return unreadable("no such connection");
      rig_->settle();
      rig_->cut(*found->second.connection);
      peers_.erase(found);
      rig_->settle();
      return {};
    }
    if (what == "kill" || what == "power_loss") {
      rig_->settle();
      peers_.clear();
      rig_ = nullptr;
      if (what == "kill") disk_.kill_process();
      if (what == "power_loss") disk_.power_cycle();
      start();
      return rig_->started();
    }
    if (what == "disk_low" || what == "disk_full" || what == "disk_free") {
      rig_->settle();
      const core::Alarm alarm{"low on disk", what == "disk_full"};
      for (std::uint16_t id = 0; id < rig_->shard_count(); ++id)
        rig_->shard(id).set_alarm(what == "disk_free" ? nullptr : &alarm);
      return {};
    }
    return unreadable("unknown directive");
  }

  Result<void> advance(std::string_view text) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (parsed.ec != std::errc() || (unit != "s" && unit != "ms"))
      return unreadable("needs a time such as 5s or 100ms");
    rig_->settle();  // what was sent before happens before
    rig_->advance(unit == "s" ? Duration(std::chrono::seconds(number))
                              : Duration(std::chrono::milliseconds(number)));
    return {};
  }

  Result<void> connect(const std::string& name, std::span<const std::string_view> options) {
    std::map<std::string, std::string, std::less<>> set{
        {"frame_max", "131072"},
        {"channel_max", "2047"},
        {"heartbeat", "0"},
        {"user", "guest"},
        {"password", "guest"},
        {"tenant", "/"},
        {"capabilities",
         "{consumer_cancel_notify:t 1, connection.blocked:t 1, basic.nack:t 1, "
         "publisher_confirms:t 1, authentication_failure_close:t 1}"}};
    for (const std::string_view option : options) {
      const std::size_t at = option.find('=');
      const auto known = set.find(option.substr(0, at));
      if (known == set.end()) return unreadable("unknown option of @connect");
      known->second = option.substr(at + 1);
    }
    Peer& peer = peers_[name] = {&rig_->connect(module_), {}};
    const std::string start_ok = fmt::format(
        R"(0 connection.start-ok client_properties={{capabilities:F {}}} mechanism="PLAIN" )"
        R"(response="\0{}\0{}" locale="en_US")",
        set["capabilities"], set["user"], set["password"]);
    const std::string tune_ok =
        fmt::format("0 connection.tune-ok channel_max={} frame_max={} heartbeat={}",
                    set["channel_max"], set["frame_max"], set["heartbeat"]);
    const std::string open = fmt::format(R"(0 connection.open virtual_host="{}")", set["tenant"]);
    NARU_TRY_VOID(send(peer, "raw 414d5150 00000901"));
    NARU_TRY_VOID(expect(peer, "0 connection.start"));
    NARU_TRY_VOID(send(peer, start_ok));
    NARU_TRY_VOID(expect(peer, "0 connection.tune"));
    NARU_TRY_VOID(send(peer, tune_ok));
    NARU_TRY_VOID(send(peer, open));
    return expect(peer, "0 connection.open-ok");
  }

  const ScriptOptions options_;
  const amqp091::Module module_{amqp091::Amqp091Settings{}};
  storage::testing::FakeDisk disk_;
  std::unique_ptr<BrokerRig> rig_;
  std::uint64_t starts_ = 0;
  std::map<std::string, Peer> peers_;
  std::map<std::string, std::string, std::greater<>> values_;  // longer names first
};

}  // namespace

Result<void> run_script(const std::string& text, const ScriptOptions& options) {
  Script script(options);
  std::size_t number = 0;
  const auto at_line = [&number](Error error) {
    error.what = fmt::format("line {}: {}", number, error.what);
    return std::unexpected(std::move(error));
  };
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    ++number;
    if (auto done = script.line(std::string_view(text).substr(begin, end - begin)); !done)
      return at_line(std::move(done).error());
    begin = end + 1;
  }
  if (auto done = script.finish(); !done) return at_line(std::move(done).error());
  return {};
}

}  // namespace naru::wire
