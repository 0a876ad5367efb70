#pragma once
/// For the tests of this folder: a protocol of lines, a broker that only records, and clients over
/// real sockets.

#include <gtest/gtest.h>

#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/asio/network.h"
#include "io/asio/test_support.h"
#include "server/server.h"
#include "server/shard_host.h"

namespace naru::server {

/// One command per line; answers are lines too. See on_line().
class LineSession final : public protocol::Session {
 public:
  LineSession(protocol::SessionHost& host, std::string greeting) : host_(host) {
    host_.output().buffer().append(greeting);
  }

  Result<std::size_t> on_bytes(ByteView unread) override {
    std::string_view rest = as_text(unread);
    while (!holding_ && !closing_) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) break;
      if (rest.starts_with("take ") && !take(rest.substr(5, end - 5))) break;
      if (!on_line(rest.substr(0, end))) return fail(Errc::malformed, "a line to choke on");
      rest.remove_prefix(end + 1);
    }
    return unread.size() - rest.size();
  }

  void on_events(std::span<const core::Event> batch) override {
    for (const core::Event& event : batch) {
      if (const auto* close = std::get_if<core::CloseRequested>(&event)) {
        say("closing: " + close->text);
        goodbye();
      } else {
        holding_ = false;
        host_.resume_input();
        say("event");
      }
    }
  }
  TimePoint next_deadline() const override { return deadline_; }
  bool is_closing() const override { return leaving_; }
  void on_deadline(TimePoint) override {
    deadline_ = kNever;
    say("tick");
  }
  void on_closed() override {
    host_.log().info("closed {}", host_.name());
    give();
  }
  std::size_t input_bytes_max() const override { return line_bytes_max_; }
  protocol::SessionInfo info() const override {
    protocol::SessionInfo info;
    info.protocol = "lines";
    info.state = leaving_ ? "closing" : "running";
    return info;
  }

 private:
  bool on_line(std::string_view line) {
    if (line == "login") {
      host_.authenticated();
    } else if (line == "submit") {
      host_.broker().submit({});
    } else if (line == "hold") {  // until an event
      holding_ = true;
      host_.broker().submit({});
    } else if (line == "close") {
      say("bye");
      goodbye();
    } else if (line == "leave") {  // the client closes first
      say("bye");
      leaving_ = true;
    } else if (line == "give") {
      give();
    } else if (line == "choke") {
      return false;
    } else if (line == "tick") {
      deadline_ = host_.now().mono + std::chrono::milliseconds(1);
      host_.deadline_changed();
    } else if (line.starts_with("frame ")) {  // a line may have so many bytes
      line_bytes_max_ = number(line.substr(6));
    } else if (line.starts_with("big ")) {
      host_.output().append(Slice::copy_of(as_bytes(std::string(number(line.substr(4)), 'b'))));
    } else if (line.starts_with("echo ")) {
      host_.output().buffer().append(line.substr(5));
      host_.output().buffer().append("\n");
    }
    return true;
  }
  void say(std::string_view text) {
    host_.output().buffer().append(text);
    host_.output().buffer().append("\n");
  }
  static std::size_t number(std::string_view digits) {
    std::size_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  /// Room for so many bytes; without it the line waits.
  bool take(std::string_view digits) {
    const std::size_t bytes = number(digits);
    const auto ticket = host_.take_input_room(bytes);
    if (!ticket) {
      host_.wait_for_input_room(bytes);
      return false;
    }
    tickets_.push_back(*ticket);
    say("taken");
    return true;
  }
  void give() {
    for (const std::uint64_t ticket : std::exchange(tickets_, {})) host_.give_input_room(ticket);
  }
  void goodbye() {
    give();
    closing_ = true;
    host_.close_after_output();
  }

  protocol::SessionHost& host_;
  std::vector<std::uint64_t> tickets_;
  std::size_t line_bytes_max_ = 1024;
  bool holding_ = false;
  bool leaving_ = false;
  bool closing_ = false;
  TimePoint deadline_ = kNever;
};

class LineModule final : public protocol::Module {
 public:
  /// Recognises connections that begin with `prefix`.
  explicit LineModule(std::string prefix = "", std::string greeting = "")
      : prefix_(std::move(prefix)), greeting_(std::move(greeting)) {}
  std::string_view name() const override { return "lines"; }
  protocol::Recognition recognises(ByteView first) const override {
    const std::string_view text = as_text(first);
    if (text.starts_with(prefix_)) return protocol::Recognition::yes;
    return std::string_view(prefix_).starts_with(text) ? protocol::Recognition::maybe
                                                       : protocol::Recognition::no;
  }
  std::unique_ptr<protocol::Session> open(protocol::SessionHost& host) const override {
    return std::make_unique<LineSession>(host, greeting_);
  }
  const message::Codec* codec() const override { return nullptr; }

 private:
  std::string prefix_;
  std::string greeting_;
};

/// Records what it is asked; on the test's demand, the next flush hands an event to every client.
class RecordingBroker final : public Broker {
 public:
  struct Client final : BrokerClient, core::BrokerPort {
    Client(RecordingBroker& of, core::ClientHost& to) : broker(of), host(to) {
      broker.clients.push_back(this);
    }
    ~Client() override { std::erase(broker.clients, this); }
    core::BrokerPort& port() override { return *this; }
    core::ConnectionId id() const override { return core::ConnectionId(1); }
    void on_output_drained() override { ++broker.drained; }
    std::size_t memory_bytes() const override { return 0; }
    bool takes_changes() override { return true; }
    std::size_t submit(std::span<core::Command> batch) override {
      ++broker.submits;
      return batch.size();
    }
    RecordingBroker& broker;
    core::ClientHost& host;
  };

  std::unique_ptr<BrokerClient> open_client(core::ClientHost& host) override {
    return std::make_unique<Client>(*this, host);
  }
  bool flush() override {
    ++flushes;
    if (!std::exchange(event_due, false)) return false;
    const core::Event event = core::Writable{};
    for (Client* client : std::vector(clients)) client->host.on_events({&event, 1});
    return false;
  }
  TimePoint next_deadline() const override { return kNever; }
  void on_deadline() override {}
  void set_alarm(const core::Alarm* it) override { alarm = it ? it->reason : ""; }
  void add_memory(MemoryAccount& account) const override { account += memory; }
  void freeze() override {}
  void set_memory_step(core::MemoryStep step) override { memory_step = step; }
  void hold_publishes(bool held) override { publishes_held = held; }
  bool is_idle() const override { return idle; }

  std::vector<Client*> clients;
  int submits = 0;
  int flushes = 0;
  int drained = 0;
  bool event_due = false;
  bool idle = true;
  std::string alarm;
  MemoryAccount memory;
  bool publishes_held = false;
  core::MemoryStep memory_step = core::MemoryStep::normal;
};

class RecordingLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  bool has(std::string_view part) const {
    for (const std::string& line : lines) {
      if (line.contains(part)) return true;
    }
    return false;
  }
  std::vector<std::string> lines;
};

/// A client that reads all it gets.
class TestClient final : public io::StreamHandler {
 public:
  TestClient(io::Network& network, const io::Endpoint& to) {
    network.connect(to, [this](Result<std::unique_ptr<io::Stream>> connected) {
      if (!connected) {
        closed = true;
        return;
      }
      stream = std::move(*connected);
      stream->set_handler(this);
      if (reading) stream->await_readable();
      flush();
    });
  }
  void send(std::string_view text) {
    unsent += text;
    flush();
  }
  void on_writable() override { flush(); }
  void on_readable() override {
    std::vector<std::uint8_t> buffer(64 * 1024);
    auto got = stream->read_some(buffer);
    if (!got && got.error().code == Errc::need_more) return stream->await_readable();
    if (!got || *got == 0) {
      reset = !got;
      closed = true;
      return;
    }
    received += as_text(ByteView(buffer).first(*got));
    if (reading) stream->await_readable();
  }
  void flush() {
    while (stream && !unsent.empty()) {
      const ByteView piece = as_bytes(unsent);
      auto sent = stream->write_some({&piece, 1});
      if (!sent) {
        if (sent.error().code == Errc::need_more) stream->await_writable();
        return;
      }
      unsent.erase(0, *sent);
    }
  }

  std::unique_ptr<io::Stream> stream;
  std::string unsent;
  std::string received;
  bool reading = true;
  bool closed = false;  // the server's end was seen
  bool reset = false;   // …and it was not orderly
};

/// One shard with a listener, and clients on the same loop.
class ServerTest : public testing::Test {
 protected:
  explicit ServerTest(ConnectionLimits with = {}) : limits(with) { host.attach(broker); }

  io::Endpoint listen(std::vector<const protocol::Module*> modules) {
    auto at = server.listen({"127.0.0.1", 0}, std::move(modules));
    EXPECT_TRUE(at) << at.error().what;
    return *at;
  }
  std::unique_ptr<TestClient> connect(const io::Endpoint& to, std::string_view first = "") {
    auto client = std::make_unique<TestClient>(network, to);
    client->send(first);
    return client;
  }
  /// The host is the loop's client, so waiting is a task that looks again each turn.
  void until(std::function<bool()> done) {
    class Limit final : public Deadline {
     public:
      explicit Limit(io::Scheduler& loop) : loop_(loop) {}
      void on_expired(const Now&) override {
        ADD_FAILURE() << "the awaited event did not come";
        loop_.stop();
      }
      io::Scheduler& loop_;
    } limit(loop);
    host.deadlines().set(limit, loop.now().mono + std::chrono::seconds(20));
    std::function<void()> look = [&] {
      if (done()) return loop.stop();
      loop.post([&] { look(); });
    };
    loop.post([&] { look(); });
    loop.run();
  }
  std::vector<admin::ConnectionStatus> connections() {
    std::vector<admin::ConnectionStatus> all;
    server.each_connection(core::ShardId(0), [&](const auto& status) { all.push_back(status); });
    return all;
  }
  void expect_received(TestClient& client, const std::string& text) {
    until([&] { return client.closed || client.received.size() >= text.size(); });
    EXPECT_EQ(client.received, text);
  }

  const ConnectionLimits limits;
  LineModule lines;
  RecordingLogger log;
  Random random{1};
  RecordingBroker broker;
  io::asio_impl::Loop loop;
  io::asio_impl::TcpNetwork network{loop};
  ShardHost host{core::ShardId(0), loop, network, random, log, limits};
  Server server{{&host}, network};
};

}  // namespace naru::server
