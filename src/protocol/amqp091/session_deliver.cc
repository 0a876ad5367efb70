// What goes to the client unasked: deliveries, confirms, returned messages (amqp091 §6).

#include <algorithm>

#include "protocol/amqp091/delivery_front.h"
#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/pen.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

namespace {

constexpr std::uint8_t kNoProperties[2] = {0, 0};

// Property flags and values as the client is to see them. Of a record in a format without them
// (nothing else writes records yet), none.
ByteView header_of(const message::RecordView& record) {
  if (record.encoding == message::EncodingId::amqp091) return record.header;
  return kNoProperties;
}

void put_content_head(std::uint8_t* at, std::uint16_t channel, ByteView header,
                      std::uint64_t body_bytes) {
  Pen pen(at);
  pen.frame_head(FrameType::header, channel, kContentHeadBytes + header.size());
  pen.u16(kBasicClass);
  pen.u16(0);
  pen.u64(body_bytes);
  pen.bytes(header);
  pen.frame_end();
}

void put_body_frame(std::uint8_t* at, std::uint16_t channel, ByteView body) {
  Pen pen(at);
  pen.frame_head(FrameType::body, channel, body.size());
  pen.bytes(body);
  pen.frame_end();
}

}  // namespace

// basic.deliver, content header, body frames: as many octets as they are, written once.
void Session::on_event(const core::Deliveries& event) {
  const auto found = consumers_.find(event.consumer.value);
  if (found == consumers_.end()) return;  // the broker takes back what nobody is there for
  Consumer& consumer = *found->second;
  Channel& channel = *consumer.channel;
  if (state_ != State::running || channel.state != ChannelState::open) {
    for (const core::Delivery& delivery : event.batch) {
      if (consumer.no_ack && delivery.stored == nullptr) continue;
      batch_->end_lease(event.queue, delivery.seq, LeaseEnd::requeue);
    }
    return;
  }
  DeliveryFront front(consumer);
  for (const core::Delivery& delivery : event.batch) {
    const std::uint64_t tag = ++channel.delivery_tag;
    if (delivery.stored == nullptr) {
      append_delivery(consumer, front, tag, delivery);
    } else {
      append_deliver(consumer, tag, delivery);
      open_stream(
          {channel.number, *delivery.stored, 0, event.queue, delivery.seq, consumer.no_ack, tag},
          delivery.record);
    }
    if (!consumer.no_ack) channel.unacked.push({tag, delivery.seq, event.queue, consumer.handle});
  }
  heartbeat_.sent();
}

void Session::append_delivery(const Consumer& consumer, DeliveryFront& front, std::uint64_t tag,
                              const core::Delivery& delivery) {
  const message::RecordView& record = delivery.record;
  if (goes_by_copy(record.body, delivery.owner) && front.turn_to(record, header_of(record))) {
    ByteBuffer& out = host_.output().buffer();
    const ByteView body = record.body;
    const std::size_t body_bytes = body.empty() ? 0 : kFrameOverheadBytes + body.size();
    std::uint8_t* const at = out.prepare(front.bytes() + body_bytes);
    front.copy_to(at, tag, delivery.redelivered, body.size());
    if (body_bytes != 0) put_body_frame(at + front.bytes(), consumer.channel->number, body);
    return out.commit(front.bytes() + body_bytes);
  }
  append_deliver(consumer, tag, delivery);
  append_content(consumer.channel->number, record, delivery.owner);
}

// basic.deliver alone.
void Session::append_deliver(const Consumer& consumer, std::uint64_t tag,
                             const core::Delivery& delivery) {
  const message::RecordView& record = delivery.record;
  ByteBuffer& out = host_.output().buffer();
  const ByteView begin = consumer.deliver_front.view();
  // delivery tag u64, redelivered u8, and the lengths of the two names
  const std::size_t wire_bytes =
      begin.size() + 11 + record.exchange.size() + record.routing_key.size() + 1;
  Pen pen(out.prepare(wire_bytes));
  pen.bytes(begin);
  pen.u64(tag);
  pen.u8(delivery.redelivered ? 1 : 0);
  pen.short_string(record.exchange);
  pen.short_string(record.routing_key);
  pen.frame_end();
  out.commit(wire_bytes);
  out.patch_u32(out.size() - wire_bytes + 3,
                static_cast<std::uint32_t>(wire_bytes - kFrameOverheadBytes));
}

// In one frame, next to its head: small, or nobody keeps it alive.
bool Session::goes_by_copy(ByteView body, const BlockRef* owner) const {
  return body.size() <= frame_bytes_max_ - kFrameOverheadBytes &&
         (owner == nullptr || body.size() < protocol::Output::kReferenceBytesMin);
}

void Session::append_content_head(std::uint16_t channel, const message::RecordView& record,
                                  std::uint64_t body_bytes) {
  const ByteView header = header_of(record);
  const std::size_t bytes = kFrameOverheadBytes + kContentHeadBytes + header.size();
  ByteBuffer& out = host_.output().buffer();
  put_content_head(out.prepare(bytes), channel, header, body_bytes);
  out.commit(bytes);
}

void Session::append_content(std::uint16_t channel, const message::RecordView& record,
                             const BlockRef* owner) {
  protocol::Output& output = host_.output();
  ByteBuffer& out = output.buffer();
  const ByteView header = header_of(record);
  ByteView body = record.body;
  const std::size_t payload_max = frame_bytes_max_ - kFrameOverheadBytes;
  const bool by_copy = goes_by_copy(body, owner);
  const std::size_t header_bytes = kFrameOverheadBytes + kContentHeadBytes + header.size();
  const std::size_t body_bytes = by_copy && !body.empty() ? kFrameOverheadBytes + body.size() : 0;
  put_content_head(out.prepare(header_bytes + body_bytes), channel, header, body.size());
  if (body_bytes != 0) put_body_frame(out.data() + out.size() + header_bytes, channel, body);
  out.commit(header_bytes + body_bytes);
  if (by_copy) return;
  while (!body.empty()) {
    const ByteView part = body.first(std::min(body.size(), payload_max));
    body = body.subspan(part.size());
    out.u8(static_cast<std::uint8_t>(FrameType::body));
    out.u16(channel);
    out.u32(static_cast<std::uint32_t>(part.size()));
    if (owner != nullptr && part.size() >= protocol::Output::kReferenceBytesMin) {
      output.append(Slice{*owner, part});
    } else {
      out.append(part);
    }
    out.u8(kFrameEnd);
  }
}

void Session::on_event(const core::Confirmed& event) {
  Channel* channel = find_channel(event.channel);
  if (channel == nullptr || channel->state != ChannelState::open || state_ != State::running)
    return;
  // A "multiple" that spans a nack would make some clients take it for an ack.
  while (!channel->nacked.empty() && channel->nacked.front().first <= event.up_to) {
    NackedRange& range = channel->nacked.front();
    acknowledge_up_to(*channel, range.first - 1);
    channel->confirmed = std::min(range.last, event.up_to);
    range.first = channel->confirmed + 1;
    if (range.first > range.last) channel->nacked.erase(channel->nacked.begin());
  }
  acknowledge_up_to(*channel, event.up_to);
}

void Session::acknowledge_up_to(Channel& channel, std::uint64_t sequence) {
  if (sequence <= channel.confirmed) return;
  const bool multiple = sequence - channel.confirmed > 1;
  channel.confirmed = sequence;
  send(channel.number, BasicAck{sequence, multiple});
}

void Session::on_event(const core::Returned& event) {
  Channel* channel = find_channel(event.channel);
  if (channel == nullptr || channel->state != ChannelState::open || state_ != State::running)
    return;
  BasicReturn returned;
  returned.reply_code = static_cast<std::uint16_t>(ReplyCode::no_route);
  returned.reply_text = reply_name(ReplyCode::no_route);
  returned.exchange = event.record.exchange;
  returned.routing_key = event.record.routing_key;
  send(channel->number, returned);
  append_content(channel->number, event.record, nullptr);
}

void Session::on_event(const core::PublishRefused& event) {
  Channel* channel = find_channel(event.channel);
  if (channel == nullptr || channel->state != ChannelState::open || state_ != State::running)
    return;
  if (event.error.code == Errc::no_space) {
    std::vector<NackedRange>& nacked = channel->nacked;
    if (nacked.empty() || nacked.back().last + 1 != event.sequence)
      nacked.push_back({event.sequence, event.sequence});
    nacked.back().last = event.sequence;
    return send(channel->number, BasicNack{event.sequence, false, false});
  }
  refuse(*channel, reply_code(event.error.code), event.error.what, BasicPublish::kId);
}

}  // namespace naru::amqp091
