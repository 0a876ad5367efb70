// The part of the ceiling that counts: from a publish to its delivery and its confirm.
#include <array>
#include <cstring>
#include <utility>

#include "ceiling.h"
#include "connection.h"

namespace naru::bench {
namespace {

// Sent in pieces that are still in the core's cache.
constexpr std::size_t kFlushBytes = 128 * 1'024;
constexpr std::size_t kPayloadMax = 1 << 20;

}  // namespace

std::size_t Ceiling::read_message(std::span<const std::uint8_t> bytes, Content& message) {
  Frame frame;
  next_frame(bytes, kPayloadMax, frame);  // the caller has seen this one
  const std::size_t publish_bytes = frame_bytes(frame);
  std::size_t used = publish_bytes;
  if (next_frame(bytes.subspan(used), kPayloadMax, frame) != FrameStatus::complete) return 0;
  used += frame_bytes(frame);
  std::uint64_t left = load_big<std::uint64_t>(frame.payload.data() + 4);
  while (left > 0) {
    if (next_frame(bytes.subspan(used), kPayloadMax, frame) != FrameStatus::complete) return 0;
    used += frame_bytes(frame);
    left -= std::min<std::uint64_t>(left, frame.payload.size());
  }
  message.publish = bytes.first(publish_bytes);
  message.content = bytes.subspan(publish_bytes, used - publish_bytes);
  return used;
}

Queue& Ceiling::queue_of(Peer& peer, std::span<const std::uint8_t> publish) {
  const std::string_view octets(reinterpret_cast<const char*>(publish.data()), publish.size());
  if (!peer.last_queue || octets != peer.last_publish) {
    // After class, method and a reserved short: exchange and routing key, both short strings.
    const auto names = octets.substr(kFrameHead + 6);
    const std::size_t exchange = static_cast<std::uint8_t>(names[0]);
    const auto key = names.substr(1 + exchange);
    peer.last_queue = &queue_named(key.substr(1, static_cast<std::uint8_t>(key[0])));
    peer.last_publish = octets;
    peer.publishes = true;
  }
  return *peer.last_queue;
}

void Ceiling::on_message(Peer& peer, const Content& message) {
  Queue& queue = queue_of(peer, message.publish);
  ++peer.published;
  if (!log_) return enqueue(queue, message);

  const std::size_t total = message.publish.size() + message.content.size();
  if (total > Batch::kBytesMax) fail("a message is larger than a batch");
  if (!open_->fits(total)) {
    log_->wait();
    turn_log();
  }
  std::uint8_t* at = open_->bytes.get() + open_->used;
  std::memcpy(at, message.publish.data(), total);  // content follows publish in the same buffer
  open_->messages.push_back({&queue, static_cast<std::uint32_t>(open_->used),
                             static_cast<std::uint32_t>(message.publish.size()),
                             static_cast<std::uint32_t>(total)});
  open_->used += total;
}

void Ceiling::turn_log() {
  auto durable = log_->take_durable();
  if (log_->idle() && !open_->messages.empty()) {
    auto next = std::move(spare_.back());
    spare_.pop_back();
    log_->submit(std::exchange(open_, std::move(next)));
  }
  if (!durable) return;
  finish(*durable);
  durable->clear();
  spare_.push_back(std::move(durable));
}

void Ceiling::finish(const Batch& batch) {
  const std::span<const std::uint8_t> bytes(batch.bytes.get(), batch.used);
  for (const BatchedMessage& message : batch.messages) {
    const auto whole = bytes.subspan(message.offset, message.total_bytes);
    enqueue(*message.queue,
            {whole.first(message.publish_bytes), whole.subspan(message.publish_bytes)});
  }
  for (const PublisherMark& mark : batch.marks) confirm(*mark.peer, mark.tag);
}

void Ceiling::enqueue(Queue& queue, const Content& message) {
  if (!queue.consumers.empty()) {
    return deliver(*queue.consumers[queue.next++ % queue.consumers.size()], message);
  }
  queue.backlog.push_back({std::string(message.publish.begin(), message.publish.end()),
                           std::string(message.content.begin(), message.content.end())});
}

void Ceiling::deliver(Peer& consumer, const Content& message) {
  // Exchange and routing key of the publish go out as they came in: both short strings, which end
  // before the publish frame's flags and end octet.
  const auto names =
      message.publish.subspan(kFrameHead + 6, message.publish.size() - kFrameHead - 8);
  const std::string& tag = consumer.consumer_tag;
  const std::size_t payload = 4 + 1 + tag.size() + 8 + 1 + names.size();
  std::uint8_t* at = consumer.out.space(payload + kFrameOverhead + message.content.size()).data();
  const std::uint8_t* const began = at;
  *at = kFrameMethod;
  store_big<std::uint16_t>(at + 1, 1);
  store_big(at + 3, static_cast<std::uint32_t>(payload));
  store_big(at + 7, static_cast<std::uint32_t>(Method::basic_deliver));
  at[11] = static_cast<std::uint8_t>(tag.size());
  at += 12;
  std::memcpy(at, tag.data(), tag.size());
  at += tag.size();
  store_big(at, ++consumer.delivery_tag);
  at[8] = 0;  // not redelivered
  at += 9;
  std::memcpy(at, names.data(), names.size());
  at += names.size();
  *at++ = kFrameEnd;
  std::memcpy(at, message.content.data(), message.content.size());
  at += message.content.size();
  consumer.out.commit(static_cast<std::size_t>(at - began));
  touch(consumer);
  if (consumer.out.size() >= kFlushBytes && !consumer.watched_writable) flush(consumer);
}

void Ceiling::confirm(Peer& peer, std::uint64_t up_to) {
  if (!peer.confirms || up_to <= peer.confirmed) return;
  peer.confirmed = up_to;
  std::array<std::uint8_t, 21> ack{};
  ack[0] = kFrameMethod;
  store_big<std::uint16_t>(&ack[1], 1);
  store_big<std::uint32_t>(&ack[3], 13);
  store_big(&ack[7], static_cast<std::uint32_t>(Method::basic_ack));
  store_big(&ack[11], up_to);
  ack[19] = 1;  // multiple
  ack[20] = kFrameEnd;
  peer.out.append(ack);
  touch(peer);
}

}  // namespace naru::bench
