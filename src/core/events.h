#pragma once
/// All that the broker tells a session. Handed over in batches; views are valid during
/// Session::on_events.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "core/ids.h"
#include "core/stored_body.h"
#include "message/record.h"
#include "security/principal.h"

namespace naru::core {

/// One leased (or, for no_ack, already settled) record.
struct Delivery {
  Seq seq;
  bool redelivered = false;
  message::RecordView record;
  const BlockRef* owner =
      nullptr;  // keeps the record's bytes alive when held; null: copy what is kept
  /// Of a record with a large body, which `record` is without: read it with ReadBody. Until then
  /// the lease is with whoever was given this, also when it is of a consumer that does not
  /// acknowledge: he settles it when he has passed all of it on. Null: there is no more.
  const std::shared_ptr<const StoredBody>* stored = nullptr;
};

/// Deliveries of one consumer, in order.
struct Deliveries {
  ConsumerHandle consumer;
  QueueRef queue;
  std::span<const Delivery> batch;
  std::int64_t credit_bytes =
      0;  // acquired from the connection's credit by the lane, released when handed on
};

/// Every publish of `channel` with a sequence ≤ up_to is done: on disk where it had to be, or
/// nowhere to go.
struct Confirmed {
  ChannelId channel;
  std::uint64_t up_to = 0;
};

/// A mandatory publish reached no queue. Comes before its Confirmed.
struct Returned {
  ChannelId channel;
  message::RecordView record;
};

/// A publish failed. `no_space` means not now: the channel goes on, and a Confirmed past `sequence`
/// says nothing about it. With every other error the protocol decides what it costs (AMQP: the
/// channel), and the broker ignores the channel's further publishes until ChannelClosed.
struct PublishRefused {
  ChannelId channel;
  std::uint64_t sequence = 0;
  Error error;
};

/// The consumer is gone and it was not the client's wish: queue deleted, or its permission lost.
/// Leases stay valid.
struct ConsumerCancelled {
  ConsumerHandle consumer;
};

struct QueueDeclared {
  std::string name;
  std::uint32_t ready = 0;
  std::uint32_t consumers = 0;
};
struct Counted {
  std::uint32_t messages = 0;
};
struct Consumed {
  QueueRef queue;
};
struct Got {
  QueueRef queue;
  std::optional<Delivery> delivery;  // none: empty
  std::uint32_t ready_after = 0;
  /// What Delivery::stored would name, which is null here.
  std::shared_ptr<const StoredBody> stored = nullptr;
};
struct ReplyAddress {
  std::string key;  // publishes to the default exchange with this key come to the consumer
};
/// Parts of a large body, in order.
struct BodyParts {
  std::vector<Slice> parts;
};
struct Authenticated {
  security::Principal principal;
};

struct Reply {
  using Value = std::variant<std::monostate, QueueDeclared, Counted, Consumed, Got, ReplyAddress,
                             Authenticated, BodyParts>;
  RequestId request;
  Result<Value> result;
};

/// Why publishers wait (disk alarm, memory).
struct Alarm {
  std::string reason;
  /// Not even what was read can be kept: a publish that somebody waits for is refused at once
  /// (no_space), so that its publisher knows.
  bool refuses = false;
  /// It is about memory alone: publishes that were let in before go on, as it is they that hold it.
  bool lets_finish = false;
};

/// The session's unread publishes stay unread until Unblocked, or until another Blocked says that
/// they would be refused. May come again when the alarm changes.
struct Blocked {
  Alarm alarm;
};
struct Unblocked {};
/// submit() took less than it was given; it will take more now.
struct Writable {};
/// The operator, or the broker on its way down, ends this connection.
struct CloseRequested {
  Errc code = Errc::ok;
  std::string text;
};

using Event = std::variant<Deliveries, Confirmed, Returned, PublishRefused, ConsumerCancelled,
                           Reply, Blocked, Unblocked, Writable, CloseRequested>;

}  // namespace naru::core
