#pragma once
/// All that a protocol can ask of the broker. Plain structs, handed over in batches
/// (broker_port.h).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/delivery_credit.h"
#include "core/ids.h"
#include "core/stored_body.h"
#include "message/record.h"
#include "message/value.h"

namespace naru::core {

// ---- The hot ones -----------------------------------------------------------------------------

/// What is asked of a publish that belongs to a transaction.
enum class PublishStep : std::uint8_t {
  whole,    // no transaction, or one that checks nothing before
  check,    // whether it may be published, and where it goes, which is kept until the commit
  checked,  // its check was passed: what has gone since makes it unroutable, never refused
};

/// Publishes one message, or a run of them: those of `more` follow it, differ from it in their
/// bodies alone, and are numbered on from it. All views are valid during submit(); the broker
/// copies what it keeps, and takes from the front what it takes of a run. Outcome, for each of
/// them: Confirmed when `sequence` is not 0, Returned when mandatory and unroutable, PublishRefused
/// on an error.
struct Publish {
  ChannelId channel;
  std::uint64_t sequence = 0;  // dense from 1 per channel in confirm mode; 0: nobody waits
  bool mandatory = false;
  PublishStep step = PublishStep::whole;
  /// Memory was set aside for it when it began to come: it waits for the disk alone.
  bool let_in = false;
  /// The message's own expiration in ms; 0 expires at once unless delivered at once. Empty: none.
  std::optional<std::uint64_t> expiration_ms;
  message::RecordView record;  // expires_at_ms is filled in by the broker
  const message::Codec* codec = nullptr;
  std::span<const ByteView> more;

  std::size_t count() const { return 1 + more.size(); }
  std::uint64_t last_sequence() const { return sequence == 0 ? 0 : sequence + more.size(); }
  /// Leaves what follows the first message, which there has to be.
  void drop_first() {
    record.body = more.front();
    more = more.subspan(1);
    if (sequence != 0) ++sequence;
  }
};

/// Leases first…last of `queue` end well. The session owned every one of them.
struct Settle {
  QueueRef queue;
  Seq first;
  Seq last;
};

/// Leases first…last of `queue` end badly: back to their place in the queue, or out of it
/// (rejected: dead-lettered or dropped).
struct Return {
  QueueRef queue;
  Seq first;
  Seq last;
  bool requeue = true;
};

/// The large body of a leased record cannot be read: the lease ends, and the record stays where it
/// is without being handed out.
struct Park {
  QueueRef queue;
  Seq seq;
};

/// A consumer that ran out of shared credit (ChannelCredit) may try again.
struct Resume {
  QueueRef queue;
  ConsumerHandle consumer;
};

/// The ChannelCredit that the channel's consumers share has another limit now: they may need as
/// many leases before they acknowledge any. 0: none.
struct ChannelLimit {
  ChannelId channel;
  std::uint32_t limit = 0;
};

/// Answered by a Reply once everything that this channel submitted before is committed (or visible,
/// where nothing is logged). With `atomic_begin` and the Barrier that ends it in one submit()
/// batch, all between is atomic within each lane; and where a publish of the channel was refused
/// before, nothing of it happens but that its leases go back.
struct Barrier {
  RequestId request;
  ChannelId channel;
};
struct AtomicBegin {
  ChannelId channel;
  bool let_in = false;  // what it publishes, as in Publish
};

/// Forgets where the messages go that the channel asked about (PublishStep::check) and has not
/// committed.
struct RolledBack {
  ChannelId channel;
};

/// Forgets the channel's publishing state (confirm numbering, refusal). The session returns the
/// channel's leases itself.
struct ChannelClosed {
  ChannelId channel;
};

// ---- Requests: one Reply each -----------------------------------------------------------------

/// Checks a name and password, off the shard. Errors: unauthenticated (one text for all reasons),
/// limit (too many at once).
struct Authenticate {
  std::string user;
  std::string password;
  std::string mechanism;  // "PLAIN", "AMQPLAIN": for the log
};
/// Enters a tenant; everything after happens inside it. Errors: not_found, access_refused.
struct OpenTenant {
  std::string tenant;
};

struct DeclareExchange {
  std::string name;
  std::string type;  // direct fanout topic headers
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  message::Table arguments;
};
struct DeleteExchange {
  std::string name;
  bool if_unused = false;
};
struct DeclareQueue {
  std::string name;  // empty: the server names it
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  message::Table arguments;
};
struct DeleteQueue {
  std::string name;
  bool if_unused = false;
  bool if_empty = false;
};
/// Binds a queue, or an exchange when `to_exchange`, to exchange `source`.
struct Bind {
  std::string source;
  std::string destination;
  bool to_exchange = false;
  std::string routing_key;
  message::Table arguments;
};
struct Unbind {
  std::string source;
  std::string destination;
  bool to_exchange = false;
  std::string routing_key;
  message::Table arguments;
};
struct PurgeQueue {
  std::string name;
};
struct Consume {
  std::string queue;
  ConsumerHandle consumer;
  ChannelId channel;
  std::string tag;  // for listings
  bool no_ack = false;
  bool exclusive = false;
  std::int32_t priority = 0;
  std::uint32_t prefetch = 0;                    // leases held at once; 0: no limit
  std::shared_ptr<ChannelCredit> shared_credit;  // one limit for several consumers; may be null
  message::Table arguments;
};
struct Cancel {
  ConsumerHandle consumer;
};
struct Get {
  std::string queue;
  bool no_ack = false;
};
/// Reads parts of a large body (Delivery::stored) from part `first` on: one at least, and as many
/// more as may be on their way to one connection. Answered by BodyParts, perhaps in a later turn.
/// Errors: corrupt.
struct ReadBody {
  std::shared_ptr<const StoredBody> body;
  std::size_t first = 0;
  QueueRef queue;  // whose record it is, for what is said of damage
  Seq seq;
};
/// Opens a direct reply address, one for each consumer. What is sent there comes to `consumer` as
/// deliveries that need no settling.
struct OpenReplyAddress {
  ConsumerHandle consumer;
};
struct CloseReplyAddress {
  ConsumerHandle consumer;
};

/// The client says goodbye: consumers are removed and exclusive queues deleted before the Reply.
/// The session has returned its leases.
struct EndConnection {};

struct PutUser {
  std::string name;
  std::optional<std::string> password;  // absent: keep; hashed off the shard
  std::string tags;                     // comma-separated: administrator, monitoring, management
};
struct DeleteUser {
  std::string name;
};
struct PutTenant {
  std::string name;
};
struct DeleteTenant {
  std::string name;
};
struct PutPermission {
  std::string user;
  std::string tenant;
  std::string configure, write,
      read;  // patterns, RE2 syntax, searched in the name as RabbitMQ does
  /// By who asks: security::check_pattern takes milliseconds for some.
  bool patterns_checked = false;
};
struct DeletePermission {
  std::string user;
  std::string tenant;
};

/// A request and the number its Reply will carry.
struct Request {
  using Operation =
      std::variant<Authenticate, OpenTenant, DeclareExchange, DeleteExchange, DeclareQueue,
                   DeleteQueue, Bind, Unbind, PurgeQueue, Consume, Cancel, Get, ReadBody,
                   OpenReplyAddress, CloseReplyAddress, EndConnection, PutUser, DeleteUser,
                   PutTenant, DeleteTenant, PutPermission, DeletePermission>;
  RequestId id;
  Operation operation;
};

using Command = std::variant<Publish, Settle, Return, Park, Resume, ChannelLimit, AtomicBegin,
                             Barrier, RolledBack, ChannelClosed, std::unique_ptr<Request>>;

}  // namespace naru::core
