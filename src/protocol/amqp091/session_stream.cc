// Large bodies: read and written piece by piece, as the client takes them. While one is under way,
// all that is written goes out behind it, so that nothing comes between its frames (specification
// §4.2.6).

#include <algorithm>
#include <utility>

#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

namespace {

// With less than this before a gap more is read for it.
constexpr std::size_t kLowBytes = 256 * 1024;

}  // namespace

void Session::open_stream(ContentStream stream, const message::RecordView& record) {
  append_content_head(stream.channel, record, stream.body->bytes);
  host_.output().open_gap();
  streams_.push_back(std::move(stream));
  read_parts();
}

void Session::on_output_low() {
  if (state_ == State::closed) return;
  const Turn turn(*this);
  read_parts();
}

// Beside the commands of the turn: what waits there, for the disk perhaps, is no reason to wait.
void Session::read_parts() {
  if (streams_.empty() || parts_awaited_ || host_.output().sendable_bytes() > kLowBytes) return;
  const ContentStream& stream = streams_.front();
  parts_awaited_ = core::RequestId(++last_request_);
  core::Command command = std::make_unique<core::Request>(
      parts_awaited_, core::ReadBody{stream.body, stream.next_part, stream.queue, stream.seq});
  host_.broker().submit({&command, 1});
}

void Session::on_parts(const core::Reply& reply) {
  parts_awaited_ = {};
  if (streams_.empty()) return;
  ContentStream& stream = streams_.front();
  if (!reply.result) {
    // Nobody takes what was sent of it for a message: the connection ends before it is whole.
    if (has_lease(stream)) batch_->add(core::Park{stream.queue, stream.seq});
    return close_connection(ReplyCode::internal_error, reply.result.error().what);
  }
  for (const Slice& part : std::get<core::BodyParts>(*reply.result).parts) {
    write_part(stream.channel, part);
    ++stream.next_part;
  }
  heartbeat_.sent();
  if (stream.next_part == stream.body->parts.size()) finish_stream();
  read_parts();
}

// Who gave it back before all of it was there has no say in it any more: somebody else may have it.
bool Session::has_lease(const ContentStream& stream) {
  if (stream.no_ack) return true;
  const Channel* channel = find_channel(stream.channel);
  return channel != nullptr && channel->unacked.holds(stream.tag, stream.queue, stream.seq);
}

void Session::write_part(std::uint16_t channel, const Slice& part) {
  protocol::Output& output = host_.output();
  const std::size_t payload_max = frame_bytes_max_ - kFrameOverheadBytes;
  for (ByteView left = part.view; !left.empty();) {
    const ByteView payload = left.first(std::min(left.size(), payload_max));
    left = left.subspan(payload.size());
    ByteBuffer& out = output.gap_buffer();
    out.u8(static_cast<std::uint8_t>(FrameType::body));
    out.u16(channel);
    out.u32(static_cast<std::uint32_t>(payload.size()));
    if (payload.size() >= protocol::Output::kReferenceBytesMin) {
      output.append_to_gap(Slice{part.owner, payload});
    } else {
      out.append(payload);
    }
    output.gap_buffer().u8(kFrameEnd);
  }
}

void Session::finish_stream() {
  const ContentStream& stream = streams_.front();
  if (stream.no_ack) batch_->end_lease(stream.queue, stream.seq, LeaseEnd::settle);
  streams_.erase(streams_.begin());
  host_.output().close_gap();
}

void Session::drop_streams() {
  if (streams_.empty()) return;
  for (const ContentStream& stream : streams_) {
    if (stream.no_ack) batch_->end_lease(stream.queue, stream.seq, LeaseEnd::requeue);
  }
  streams_.clear();
  host_.output().drop_gaps();
}

}  // namespace naru::amqp091
