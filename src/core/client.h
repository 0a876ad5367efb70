#pragma once
/// One connection's side of the broker: takes its commands, routes its publishes, counts its
/// confirms, hands it its events.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/broker_port.h"
#include "core/events.h"
#include "core/outbox.h"
#include "core/publish_tracker.h"
#include "core/queue/consumer.h"
#include "core/queue/lane_sink.h"
#include "core/topology/metadata.h"
#include "core/transaction_routes.h"

namespace naru::core {

class Shard;

/// Whoever hosts a session. Called on the connection's shard.
class ClientHost {
 public:
  virtual ~ClientHost() = default;
  virtual void on_events(std::span<const Event> batch) = 0;
  virtual bool peer_is_loopback() const = 0;
  /// The peer's address without its port: who logs in from there takes turns. May be empty.
  virtual std::string peer_host() const { return {}; }
};

/// Whom a client acts for: a connection, which is counted, or the broker's own administration.
enum class ClientKind : std::uint8_t { connection, internal };

/// Owned by its host, on one shard; made by Shard::open_client. Destruction ends the connection:
/// consumers are removed, exclusive queues deleted; leases were returned by the session before.
class Client final : public BrokerPort {
 public:
  Client(Shard& shard, ConnectionId id, ClientHost& host, ClientKind kind);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  ConnectionId id() const { return id_; }
  /// False for the broker's own administration, which nobody can take a tenant or user from.
  bool is_in(TenantId tenant) const { return kind_ == ClientKind::connection && tenant_ == tenant; }
  bool acts_for(std::string_view user) const {
    return kind_ == ClientKind::connection && principal_ && principal_->user == user;
  }
  ClientKind kind() const { return kind_; }

  std::size_t submit(std::span<Command> batch) override;
  bool takes_changes() override;
  /// The host's output is below its low mark: deliveries handed over so far may be replaced by
  /// others.
  void on_output_drained();

  /// Acts as `principal` in `tenant` without a password: for the broker's own administration.
  void assume(security::Principal principal, std::optional<TenantId> tenant);

  /// A consumer, for listings.
  struct Consumer {
    QueueRef queue;
    ChannelId channel;
    std::string tag;
    bool no_ack = false;
    bool exclusive = false;
    std::int32_t priority = 0;
    std::uint32_t prefetch = 0;
    message::Table arguments;
    std::uint32_t channel_limit = 0;  // of all consumers of its channel together; 0: none

    /// How many leases it may need before it acknowledges any.
    std::uint64_t leases_asked() const { return no_ack ? 0 : std::max(prefetch, channel_limit); }
  };
  void each_consumer(const std::function<void(const Consumer&)>& visit) const;

  /// Not in the middle of a submit(), nor told something just now, nor about to be.
  bool is_at_rest() const { return !busy_ && !dirty_; }

  // ---- Called by the shard ----
  void on_published(ChannelId slot, std::uint64_t first, std::uint64_t last);
  void on_deliveries(const Deliveries& deliveries, std::uint32_t leases);
  void on_consumer_cancelled(ConsumerHandle consumer);
  void reply(RequestId request, Result<Reply::Value> result);
  /// Answers Get; `record` is the encoded record when there is a delivery, copied here.
  void reply_got(RequestId request, Got got, bool no_ack, ByteView record);
  void on_barrier(RequestId request);
  /// Expires with the client: for answers that may come when it is gone.
  std::weak_ptr<Client*> weak() const { return self_; }
  bool has_reply_address(std::string_view key) const { return find_reply_address(key) != nullptr; }
  /// A message for one of the connection's reply addresses; `record` is encoded.
  /// Dropped when too much of it waits for the connection's socket already.
  void on_reply_message(std::string_view key, ByteView record);
  /// End of turn: hands over the events collected in it.
  void flush_events();
  void on_alarm_changed();
  /// What it waits with may be tried again.
  void may_publish();
  void may_change();
  /// Memory of channels that published, beyond the first, of their transactions' routes and the
  /// last one taken, and of events. Consumers are not in it.
  std::size_t memory_bytes() const;
  /// What lanes may have on their way to the connection, and what it may hold, has changed.
  void look_at_limits();
  void request_close(Errc code, std::string text);

 private:
  friend class RequestHandler;  // request_handler.cc

  /// A channel's publishing state. Its slot number is what lanes know it by: a closed channel keeps
  /// its slot until every lane has answered, so that a late answer never counts for a new channel
  /// of the same number.
  struct Channel {
    ChannelId id;
    ChannelId slot;
    bool closed = false;
    bool refused = false;  // a publish failed: the rest of the channel's publishes is ignored
    bool confirm_due = false;
    std::uint64_t confirmed = 0;
    std::uint32_t lanes_touched = 0;  // bit per lane, since the last barrier
    PublishTracker tracker;
    std::unique_ptr<TransactionRoutes> transaction;  // of what it asked about and did not commit
  };
  /// A direct reply address, and who consumes what is sent to it: one for each channel that asked.
  struct ReplyTo {
    std::string key;
    ConsumerHandle consumer;
  };
  struct PendingBarrier {
    RequestId request;
    int lanes_left = 0;
  };
  /// The last route taken: most connections publish along one. Wider ones are left to the shard's
  /// cache, so that a thousand publishers do not keep a copy each.
  struct LastRoute {
    static constexpr std::size_t kQueuesMax = 64;
    std::string exchange;
    std::string key;
    std::uint64_t version = 0;
    bool usable = false;
    Route route;
  };

  Channel& channel(ChannelId id) {
    const bool last = last_channel_ != nullptr && last_channel_->id == id;
    return last ? *last_channel_ : find_channel(id);
  }
  Channel& find_channel(ChannelId id);
  std::size_t take(std::span<Command> batch);
  bool publish_run(Publish& run, bool is_taken, bool may_wait);
  std::size_t publish(Publish& publish);
  void check(Channel& from, const Publish& publish);
  void hold_route(Channel& from, const Publish& publish, const Route& route);
  void drop_transaction(Channel& from);
  void publish_checked(Channel& from, Publish& publish);
  void publish_along(Channel& from, Publish& publish, const Route& route);
  bool may_write(Channel& from, const Publish& publish);
  bool refuse_for_now(const Publish& publish);
  void wait_with_publishes(bool let_in);
  void refuse(Channel& channel, const Publish& publish, Error error);
  Result<const Route*> route_of(const Publish& publish);
  /// The route of a publish that goes where the last one went, and still may; null when either has
  /// to be found out.
  const Route* repeated_route(const Publish& publish);
  Result<void> authorise_write(std::string_view exchange);
  /// Sends a message, and those behind it of which `more` are the bodies, along `route`.
  void enqueue(Channel& channel, const Publish& publish, std::span<const ByteView> more,
               const Route& route);
  bool publish_to_reply_address(Channel& channel, Publish& publish);
  void complete_unrouted(Channel& channel, Publish& publish);
  void end_leases(QueueRef queue, Seq first, Seq last, Batch::LeaseEnd end);
  void release_ended_leases();
  void take_leases(std::int64_t change);
  void add_consumer(ConsumerHandle handle, Consumer consumer);
  bool remove_consumer(ConsumerHandle handle);
  void set_channel_limit(const ChannelLimit& shared);
  void limit_leases();
  bool may_hold_more() const;
  void resume_consumers();
  void barrier(const Barrier& barrier);
  void close_channel(ChannelId id);
  void free_slot_if_idle(Channel& channel);
  const ReplyTo* find_reply_address(std::string_view key) const;
  void tell(std::span<const Event> events);
  void emit(Event event);
  void mark_dirty();

  Shard& shard_;
  const ConnectionId id_;
  const ClientKind kind_;
  ClientHost& host_;

  std::optional<security::Principal> principal_;
  std::optional<TenantId> tenant_;
  std::string write_allowed_;  // exchange that authorise_write last allowed
  static constexpr std::uint64_t kNoVersion = UINT64_MAX;
  std::uint64_t write_allowed_version_ = kNoVersion;

  std::vector<std::unique_ptr<Channel>> slots_;
  boost::unordered_flat_map<ChannelId, Channel*> channels_;
  Channel* last_channel_ = nullptr;
  LastRoute last_route_;
  std::size_t transaction_targets_ = 0;  // of its channels' transactions
  boost::unordered_flat_map<ConsumerHandle, Consumer> consumers_;
  std::shared_ptr<ConnectionCredit> credit_;
  std::shared_ptr<ConnectionLeases> leases_;  // 0: of the broker's own administration, not bounded
  std::uint64_t leases_asked_ = 0;            // by its consumers
  std::int64_t held_leases_ = 0;              // that came here; leases_ has those on their way, too
  std::int64_t ended_leases_ = 0;             // of this submit()
  std::int64_t handed_bytes_ = 0;
  boost::unordered_flat_map<std::uint64_t, PendingBarrier> barriers_;
  std::vector<ReplyTo> reply_addresses_;
  std::uint64_t reply_seq_ = 0;
  std::size_t waiting_reply_bytes_ = 0;  // since the output was low

  std::vector<Event> events_;
  std::vector<Event> handing_over_;
  /// What events_ refer to by view (returned records, answers of Get): kept until they are handed
  /// over.
  std::vector<Slice> kept_;
  std::vector<std::unique_ptr<Delivery>> kept_deliveries_;
  bool dirty_ = false;
  bool busy_ = false;
  bool is_blocked_ = false;            // it was told of an alarm
  bool waits_with_publishes_ = false;  // among those of its shard that are told when to go on
  bool waits_with_changes_ = false;
  bool holds_exclusive_queues_ = false;
  std::shared_ptr<Client*> self_ = std::make_shared<Client*>(this);
};

}  // namespace naru::core
