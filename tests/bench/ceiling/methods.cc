// Answers to the methods that set a load up. The ceiling believes its client: nothing is checked.
#include <utility>

#include "ceiling.h"

namespace naru::bench {
namespace {

/// The short string at `at` of a method's payload.
std::string_view short_string_at(const Frame& frame, std::size_t at) {
  const auto* text = reinterpret_cast<const char*>(frame.payload.data());
  if (at >= frame.payload.size()) return {};
  return std::string_view(text, frame.payload.size()).substr(at + 1, frame.payload[at]);
}

void send(Peer& peer, FrameWriter& writer) {
  const std::string& bytes = writer.end().bytes();
  peer.out.append({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

Queue& Ceiling::queue_named(std::string_view name) {
  auto& queue = queues_[std::string(name)];
  if (!queue) queue = std::make_unique<Queue>();
  return *queue;
}

void Ceiling::greet(Peer& peer) {
  peer.in.consume(kProtocolHeader.size());
  peer.greeted = true;
  FrameWriter writer;
  writer.begin(0, Method::connection_start).u8(0).u8(9).u32(0);
  writer.long_string("PLAIN").long_string("en_US");
  send(peer, writer);
}

void Ceiling::on_method(Peer& peer, const Frame& frame) {
  // Class, method and a reserved short come before the queue's name.
  constexpr std::size_t kQueueAt = 6;
  FrameWriter writer;
  switch (frame.method()) {
    case Method::connection_start_ok:
      writer.begin(0, Method::connection_tune).u16(2'047).u32(131'072).u16(0);
      break;
    case Method::connection_open:
      writer.begin(0, Method::connection_open_ok).short_string("");
      break;
    case Method::connection_close:
      writer.begin(0, Method::connection_close_ok);
      break;
    case Method::channel_open:
      writer.begin(1, Method::channel_open_ok).u32(0);
      break;
    case Method::queue_declare:
      queue_named(short_string_at(frame, kQueueAt));
      writer.begin(1, Method::queue_declare_ok).short_string(short_string_at(frame, kQueueAt));
      writer.u32(0).u32(0);
      break;
    case Method::queue_delete:  // the queue itself stays: publishers may still point to it
      queue_named(short_string_at(frame, kQueueAt)).backlog.clear();
      writer.begin(1, Method::queue_delete_ok).u32(0);
      break;
    case Method::basic_qos:  // read and ignored: everything goes out at once
      writer.begin(1, Method::basic_qos_ok);
      break;
    case Method::confirm_select:
      peer.confirms = true;
      writer.begin(1, Method::confirm_select_ok);
      break;
    case Method::basic_consume:
      return start_consumer(peer, frame);
    default:  // acks above all: nothing is kept that they could settle
      return;
  }
  send(peer, writer);
}

void Ceiling::start_consumer(Peer& peer, const Frame& frame) {
  constexpr std::size_t kQueueAt = 6;
  const auto name = short_string_at(frame, kQueueAt);
  const auto wanted = short_string_at(frame, kQueueAt + 1 + name.size());
  peer.consumer_tag = wanted.empty() ? "ctag" : wanted;
  FrameWriter writer;
  writer.begin(1, Method::basic_consume_ok).short_string(peer.consumer_tag);
  send(peer, writer);
  Queue& queue = queue_named(name);
  queue.consumers.push_back(&peer);
  for (const Queue::Message& message : std::exchange(queue.backlog, {})) {
    const auto octets = [](const std::string& text) {
      return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    deliver(peer, {octets(message.publish), octets(message.content)});
  }
}

}  // namespace naru::bench
