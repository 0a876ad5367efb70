// What a session tells about itself: to operators, and to whoever counts memory.

#include <utility>

#include "protocol/amqp091/session.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

protocol::SessionMemory Session::memory() const {
  // As the allocator counts them. A consumer has its own objects here, in its client and in its
  // queue's lane, a channel what finds it again.
  constexpr std::size_t kChannelBytes = 376;
  constexpr std::size_t kConsumerBytes = 1600;
  const std::size_t let_in = assembly_bytes_ + transaction_bytes_;
  const std::size_t held = backlog_.bytes();
  const std::size_t more_channels = channels_.empty() ? 0 : channels_.size() - 1;
  return {.state = more_channels * kChannelBytes + consumers_.size() * kConsumerBytes +
                   consumer_argument_bytes_ + unacked_bytes_ + channel_bytes_ +
                   client_properties_.capacity(),
          .input = let_in + held,
          .let_in = backlog_rooms_.empty() ? let_in : let_in + held};
}

protocol::SessionInfo Session::info() const {
  protocol::SessionInfo info;
  info.protocol = "AMQP 0-9-1";
  info.user = user_;
  info.tenant = tenant_;
  switch (state_) {
    case State::protocol_header:
    case State::starting:
      info.state = "starting";
      break;
    case State::authenticating:
      info.state = "securing";
      break;
    case State::tuning:
      info.state = "tuning";
      break;
    case State::opening:
    case State::entering:
      info.state = "opening";
      break;
    case State::running:
      info.state = "running";
      if (stopped_for_room_ || !backlog_.empty()) info.state = "flow";
      if (stopped_for_alarm_ || blocked_announced_) info.state = "blocked";
      break;
    case State::leaving:
    case State::closing:
      info.state = "closing";
      break;
    case State::closed:
      info.state = "closed";
      break;
  }
  info.frame_bytes_max = static_cast<std::uint32_t>(frame_bytes_max_);
  info.channels_max = channels_max_;
  info.heartbeat_s = heartbeat_s_;
  info.client_properties = {client_properties_, &decode_table};
  for (const auto& [number, channel] : channels_) {
    protocol::ChannelInfo& about = info.channels.emplace_back();
    about.number = number;
    about.consumers = static_cast<std::uint32_t>(channel->consumers.size());
    about.unacknowledged = channel->unacked.size();
    about.unconfirmed = channel->published - channel->confirmed;
    about.prefetch = channel->prefetch;
    if (channel->credit != nullptr) {
      about.global_prefetch = static_cast<std::uint32_t>(channel->credit->limit());
    }
    about.confirm = channel->confirms;
    about.transactional = channel->transaction != nullptr;
  }
  return info;
}

}  // namespace naru::amqp091
