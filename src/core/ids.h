#pragma once
/// The core's names for things.

#include <compare>
#include <cstdint>

#include "base/strong_id.h"

namespace naru::core {

using TenantId = StrongId<struct TenantIdTag, std::uint32_t>;
/// Exchanges, queues and users draw from one counter of group 0; an id is never used again.
using ExchangeId = StrongId<struct ExchangeIdTag, std::uint64_t>;
using QueueId = StrongId<struct QueueIdTag, std::uint64_t>;

/// The unit of logging. 0 is metadata, 1…kLaneCount are lanes; stream partitions follow.
using GroupId = StrongId<struct GroupIdTag, std::uint32_t>;
inline constexpr GroupId kMetadataGroup{0};
inline constexpr std::uint32_t kLaneCount = 16;

/// The epoch of a group's owner; grows at every start of the process.
using Term = StrongId<struct TermTag, std::uint64_t>;
/// One appended entry of a group; dense from 1.
using Index = StrongId<struct IndexTag, std::uint64_t>;

/// A record's place in a queue: dense from 1 at enqueue, never reused, the FIFO order.
using Seq = StrongId<struct SeqTag, std::uint64_t>;

using ShardId = StrongId<struct ShardIdTag, std::uint16_t>;
/// One client connection; the shard that owns it is in the top 16 bits.
using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;
inline ShardId shard_of(ConnectionId id) {
  return ShardId(static_cast<std::uint16_t>(id.value >> 48));
}

/// Chosen by a session, unique within its connection, never reused there: names a consumer in
/// commands and events.
using ConsumerHandle = StrongId<struct ConsumerHandleTag, std::uint32_t>;
/// Chosen by a session: pairs a request with its reply.
using RequestId = StrongId<struct RequestIdTag, std::uint64_t>;
/// A session's numbering of its publishing channels: confirms are counted per channel.
using ChannelId = StrongId<struct ChannelIdTag, std::uint16_t>;

/// Where a queue lives: its id and the lane that logs it.
struct QueueRef {
  QueueId id;
  GroupId lane;

  auto operator<=>(const QueueRef&) const = default;
};

}  // namespace naru::core
