#pragma once
/// A consumer as a lane serves it.

#include <cstdint>
#include <memory>
#include <string>

#include "core/delivery_credit.h"
#include "core/ids.h"
#include "core/queue/lane_sink.h"

namespace naru::core {

/// Leases that one connection may hold over all its channels: each costs memory, in its session and
/// in its queue's index.
using ConnectionLeases = SharedCredit;

/// What a consumer asks for when it is added to a queue.
struct ConsumerSettings {
  ConsumerKey key{};
  std::string tag{};
  ChannelId channel{};
  bool no_ack = false;
  bool exclusive = false;
  std::int32_t priority = 0;
  std::uint32_t prefetch = 0;                               // leases held at once; 0: no limit
  std::shared_ptr<ChannelCredit> channel_credit = nullptr;  // may be null
  std::shared_ptr<ConnectionCredit> connection_credit = nullptr;  // bytes; may be null
  std::shared_ptr<ConnectionLeases> connection_leases = nullptr;  // may be null
};

}  // namespace naru::core
