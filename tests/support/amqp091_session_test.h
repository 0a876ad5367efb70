#pragma once
/// What the tests of sessions share: a session between a scripted broker and a client written in
/// lines of text.

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/amqp091/module.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/session_peer.h"
#include "tests/wire/amqp091_text.h"

namespace naru::amqp091 {

class SessionTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  explicit SessionTest(Amqp091Settings settings = {}) : module_(std::move(settings)) {
    now_.mono = TimePoint(std::chrono::hours(1));
    peer_.open(module_);
  }

  /// Another connection in place of the one before.
  void reopen() {
    broker_.open_requests().clear();
    peer_.open(module_);
  }
  void send(std::string_view line) { peer_.send(wire::octets(line)); }
  void send_all(std::initializer_list<std::string_view> lines) {
    std::string octets;
    for (const std::string_view line : lines) octets += wire::octets(line);
    peer_.send(octets);
  }
  /// What the session said since the last call, one line for each frame.
  Lines said() {
    const std::string octets = peer_.take_output();
    Lines lines;
    ByteView left = as_bytes(octets);
    while (!left.empty()) {
      const auto described = wire::describe(left);
      if (!described) {
        lines.push_back("incomplete");
        break;
      }
      lines.push_back(described->line);
      left = left.subspan(described->bytes);
    }
    return lines;
  }
  /// Expects exactly these frames, each matched by what it names.
  void expect(std::initializer_list<std::string_view> expected) {
    const Lines lines = said();
    EXPECT_EQ(lines.size(), expected.size()) << ::testing::PrintToString(lines);
    std::size_t i = 0;
    for (const std::string_view wanted : expected) {
      if (i == lines.size()) break;
      EXPECT_TRUE(wire::matches(wanted, lines[i])) << wanted << "\n  but got " << lines[i];
      ++i;
    }
  }
  Lines asked() { return broker_.take_log(); }
  void reply(core::Reply::Value value = {}) {
    peer_.event(core::Reply{broker_.take_request(), std::move(value)});
  }
  void refuse(Errc code, std::string what) {
    peer_.event(core::Reply{broker_.take_request(), fail(code, std::move(what))});
  }
  void at(Duration after) {
    now_.mono += after;
    peer_.tick();
  }

  /// From nothing to an open tenant, as user "guest" with every capability.
  void connect(std::string_view tune_ok = "channel_max=2047 frame_max=131072 heartbeat=60") {
    send("raw 414d5150 00000901");
    send(R"(0 connection.start-ok client_properties={capabilities:F {consumer_cancel_notify:t 1, )"
         R"(connection.blocked:t 1, authentication_failure_close:t 1}} mechanism="PLAIN" )"
         R"(response="\0guest\0guest" locale="en_US")");
    reply(core::Authenticated{{"guest", "administrator"}});
    send("0 connection.tune-ok " + std::string(tune_ok));
    send(R"(0 connection.open virtual_host="/")");
    reply();
    said();
    asked();
  }
  void open_channel(int number = 1) {
    send(std::to_string(number) + " channel.open");
    said();
    asked();
  }
  /// A consumer of queue "q" (id 7); its handle is the next one, from 1.
  void consume(std::string_view options = "", int channel = 1) {
    send(std::to_string(channel) + R"( basic.consume queue="q" )" + std::string(options));
    reply(core::Consumed{kQueue});
    said();
    asked();
  }
  void deliver(std::uint32_t consumer, std::uint64_t first_seq, std::uint64_t count,
               std::string_view body = "m") {
    message::RecordView record;
    record.encoding = message::EncodingId::amqp091;
    static constexpr std::uint8_t kHeader[2] = {0, 0};
    record.header = kHeader;
    record.routing_key = "q";
    record.body = as_bytes(body);
    std::vector<core::Delivery> batch;
    for (std::uint64_t i = 0; i < count; ++i)
      batch.push_back({core::Seq(first_seq + i), false, record, nullptr});
    peer_.event(core::Deliveries{core::ConsumerHandle(consumer), kQueue, batch, 0});
  }

  static constexpr core::QueueRef kQueue{core::QueueId(7), core::GroupId(3)};

  const Module module_;
  Now now_;
  testing::ScriptedBroker broker_;
  testing::SessionPeer peer_{broker_, now_};
};

}  // namespace naru::amqp091
