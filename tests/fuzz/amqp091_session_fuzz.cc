// A whole session: whatever a client sends, and whatever the broker says at the same time, the
// session keeps its own rules. What it asks of the broker and what it answers do not depend on the
// pieces in which the input arrives.
//
// The first octet chooses: 0 any input from the first octet on, 1 input behind an open channel, 2 a
// program of inputs, events and time.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_reader.h"
#include "base/check.h"
#include "protocol/amqp091/module.h"
#include "tests/support/session_peer.h"
#include "tests/wire/amqp091_text.h"

namespace {

namespace core = naru::core;
namespace amqp = naru::amqp091;
using naru::ByteView;

/// Says yes to nearly everything, in the order it was asked.
class ModelBroker final : public core::BrokerPort {
 public:
  std::size_t submit(std::span<core::Command> batch) override {
    std::size_t taken = 0;
    for (; taken < batch.size() && room > 0; ++taken, --room) note(batch[taken]);
    return taken;
  }

  bool takes_changes() override { return true; }

  std::vector<core::Event> take_events() { return std::exchange(events_, {}); }

  std::size_t room = SIZE_MAX;
  /// What was asked, in numbers: alike for any cut of the input.
  std::vector<std::uint64_t> log;
  /// Consumers that are there, for deliveries.
  std::vector<std::pair<core::ConsumerHandle, bool>> consumers;

 private:
  static std::uint64_t digest(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    return hash;
  }

  void note(const core::Publish& publish) {
    log.insert(log.end(),
               {1, publish.channel.value, publish.sequence, digest(publish.record.exchange),
                digest(publish.record.routing_key), digest(naru::as_text(publish.record.header)),
                digest(naru::as_text(publish.record.body))});
  }
  void note(core::Command& command) {
    if (auto* publish = std::get_if<core::Publish>(&command)) {
      NARU_CHECK(publish->record.exchange.size() <= 255, "names are short strings");
      note(*publish);
      while (!publish->more.empty()) {
        publish->drop_first();
        note(*publish);
      }
    } else if (const auto* settle = std::get_if<core::Settle>(&command)) {
      for (auto seq = settle->first; seq <= settle->last; seq = seq.next())
        log.insert(log.end(), {2, seq.value});
    } else if (const auto* back = std::get_if<core::Return>(&command)) {
      for (auto seq = back->first; seq <= back->last; seq = seq.next())
        log.insert(log.end(), {3, seq.value, back->requeue});
    } else if (const auto* barrier = std::get_if<core::Barrier>(&command)) {
      log.insert(log.end(), {4, barrier->channel.value});
      events_.push_back(core::Reply{barrier->request, core::Reply::Value{}});
    } else if (auto* request = std::get_if<std::unique_ptr<core::Request>>(&command)) {
      log.insert(log.end(), {5, (*request)->operation.index()});
      const core::RequestId id = (*request)->id;
      auto result = std::visit([this](const auto& o) { return answer(o); }, (*request)->operation);
      events_.push_back(core::Reply{id, std::move(result)});
    } else {
      log.push_back(6 + command.index());
    }
  }

  using Answer = naru::Result<core::Reply::Value>;
  Answer answer(const core::Authenticate& o) { return core::Authenticated{{o.user, ""}}; }
  Answer answer(const core::DeclareQueue& o) {
    if (o.name == "no") return naru::fail(naru::Errc::not_found, "no queue 'no' in vhost '/'");
    return core::QueueDeclared{o.name.empty() ? "amq.gen-1" : o.name, 1, 2};
  }
  Answer answer(const core::PurgeQueue&) { return core::Counted{1}; }
  Answer answer(const core::DeleteQueue&) { return core::Counted{1}; }
  Answer answer(const core::Consume& o) {
    if (o.queue == "no") return naru::fail(naru::Errc::access_refused, "in exclusive use");
    consumers.emplace_back(o.consumer, o.no_ack);
    return core::Consumed{core::QueueRef{core::QueueId(1), core::GroupId(1)}};
  }
  Answer answer(const core::Cancel& o) {
    std::erase_if(consumers, [&](const auto& consumer) { return consumer.first == o.consumer; });
    return core::Reply::Value{};
  }
  Answer answer(const core::EndConnection&) {
    consumers.clear();
    return core::Reply::Value{};
  }
  Answer answer(const core::Get& o) {
    if (o.queue == "e") return core::Got{};
    naru::message::RecordView record;
    record.body = naru::as_bytes("got");
    return core::Got{core::QueueRef{core::QueueId(1), core::GroupId(1)},
                     core::Delivery{core::Seq(++seq_), true, record, nullptr}, 0};
  }
  Answer answer(const core::OpenReplyAddress& o) {
    consumers.emplace_back(o.consumer, true);
    return core::ReplyAddress{"amq.rabbitmq.reply-to.x"};
  }
  Answer answer(const core::CloseReplyAddress&) { return core::Reply::Value{}; }
  template <typename Operation>
  Answer answer(const Operation&) {
    return core::Reply::Value{};
  }

  std::vector<core::Event> events_;
  std::uint64_t seq_ = 1'000'000;
};

const amqp::Module& module() {
  static const amqp::Module kModule{[] {
    amqp::Amqp091Settings settings;
    settings.frame_bytes_max = 4096;
    settings.channels_max = 8;
    settings.message_bytes_max = 20'000;
    settings.assembly_bytes_max = 50'000;
    settings.body_part_bytes_min = 100;
    return settings;
  }()};
  return kModule;
}

const std::string& preamble() {
  static const std::string kPreamble =
      naru::wire::octets("raw 414d5150 00000901") +
      naru::wire::octets(
          R"(0 connection.start-ok client_properties={capabilities:F {consumer_cancel_notify:t 1, )"
          R"(connection.blocked:t 1}} mechanism="PLAIN" response="\0u\0p")") +
      naru::wire::octets("0 connection.tune-ok channel_max=8 frame_max=4096 heartbeat=10") +
      naru::wire::octets("0 connection.open") + naru::wire::octets("1 channel.open");
  return kPreamble;
}

struct World {
  naru::Now now{naru::TimePoint(std::chrono::hours(1)), 0};
  ModelBroker broker;
  naru::testing::SessionPeer peer{broker, now};
  std::string output;

  World() { peer.open(module()); }

  void settle() {
    for (auto events = broker.take_events(); !events.empty(); events = broker.take_events())
      peer.events(events);
    output += peer.take_output();
  }
  void send(std::string_view octets) {
    peer.send(octets);
    settle();
  }
  /// Everything that was said is whole frames of the negotiated size.
  void check_output() const {
    ByteView left = naru::as_bytes(output);
    while (!left.empty()) {
      const auto frame = naru::wire::describe(left);
      NARU_CHECK(frame.has_value(), "whole frames only");
      NARU_CHECK(!frame->line.ends_with(" malformed"), "well-formed frames only");
      left = left.subspan(frame->bytes);
    }
    NARU_CHECK(peer.unread_bytes() <= 64 * 1024 + 4096, "input is bounded by who offers it");
  }
};

void split_invariance(std::string_view before, std::string_view input) {
  World at_once;
  World by_octet;
  at_once.send(std::string(before) + std::string(input));
  for (const char c : before) by_octet.send({&c, 1});
  for (const char c : input) by_octet.send({&c, 1});
  at_once.check_output();
  NARU_CHECK(at_once.broker.log == by_octet.broker.log, "the broker is asked the same");
  NARU_CHECK(at_once.output == by_octet.output, "the client is told the same");
  NARU_CHECK(at_once.peer.closed() == by_octet.peer.closed(), "the end is the same");
}

void deliver(World& world, naru::ByteReader& program, std::uint64_t& seq) {
  if (world.broker.consumers.empty()) return;
  const auto& consumer = world.broker.consumers[program.u8() % world.broker.consumers.size()];
  naru::message::RecordView record;
  const std::string body(program.u8() * 40u, 'b');
  record.body = naru::as_bytes(body);
  std::vector<core::Delivery> batch(1 + program.u8() % 4);
  for (core::Delivery& delivery : batch) delivery = {core::Seq(++seq), false, record, nullptr};
  const core::QueueRef queue{core::QueueId(1), core::GroupId(1)};
  world.peer.event(core::Deliveries{consumer.first, queue, batch, 0});
}

void run_program(ByteView input) {
  World world;
  world.send(preamble());
  naru::ByteReader program(input);
  std::uint64_t seq = 0;
  while (program.ok() && !program.done() && !world.peer.closed()) {
    const core::ChannelId channel(static_cast<std::uint16_t>(program.u8() % 4));
    switch (program.u8() % 10) {
      case 0: {
        const std::size_t bytes = program.u16() % 2048;
        world.send(program.text(std::min(bytes, program.remaining())));
        break;
      }
      case 1:
        deliver(world, program, seq);
        break;
      case 2:
        world.peer.event(core::Confirmed{channel, program.u8()});
        break;
      case 3:
        world.peer.event(core::Returned{channel, {}});
        break;
      case 4:
        world.peer.event(core::PublishRefused{
            channel, program.u8(), {static_cast<naru::Errc>(program.u8() % 19), "refused"}});
        break;
      case 5:
        if (!world.broker.consumers.empty()) {
          world.peer.event(core::ConsumerCancelled{world.broker.consumers.back().first});
          world.broker.consumers.pop_back();
        }
        break;
      case 6:
        world.peer.event(core::Blocked{{"low on disk"}});
        break;
      case 7:
        world.peer.event(core::Unblocked{});
        break;
      case 8:
        world.broker.room = program.u8() % 4;
        world.peer.event(core::Writable{});
        break;
      default:
        world.now.mono += std::chrono::seconds(program.u8());
        world.peer.tick();
    }
    world.settle();
  }
  world.broker.room = SIZE_MAX;
  world.peer.event(core::Writable{});
  world.peer.event(core::Unblocked{});
  world.settle();
  world.check_output();
  world.peer.hang_up();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64 * 1024) return 0;
  const ByteView input(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      split_invariance("", naru::as_text(input));
      break;
    case 1:
      split_invariance(preamble(), naru::as_text(input));
      break;
    default:
      run_program(input);
  }
  return 0;
}
