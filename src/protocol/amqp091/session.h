#pragma once
/// One AMQP 0-9-1 connection. Files: session.cc (frames, time, the end), session_handshake.cc,
/// session_channel.cc (open, close, errors), session_publish.cc, session_content.cc (what comes
/// behind a publish), session_deliver.cc (also confirms and returns), session_stream.cc (large
/// bodies), session_consume.cc, session_acknowledge.cc, session_topology.cc,
/// session_transaction.cc, session_reply.cc (answers of the broker), session_info.cc.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/commands.h"
#include "core/events.h"
#include "protocol/amqp091/channel.h"
#include "protocol/amqp091/command_batch.h"
#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/frame.h"
#include "protocol/amqp091/heartbeat.h"
#include "protocol/amqp091/methods.h"
#include "protocol/amqp091/publish_memo.h"
#include "protocol/amqp091/settings.h"
#include "protocol/session.h"

namespace naru::amqp091 {

class DeliveryFront;

/// Owned by its connection, on one shard. Takes input while no answer of the broker is awaited, so
/// that everything happens in the order in which it was asked for.
class Session final : public protocol::Session {
 public:
  /// All references outlive the session.
  Session(protocol::SessionHost& host, const Amqp091Settings& settings,
          const message::Codec& codec);

  Result<std::size_t> on_bytes(ByteView unread) override;
  void on_events(std::span<const core::Event> batch) override;
  void on_output_low() override;
  TimePoint next_deadline() const override;
  bool is_closing() const override { return state_ >= State::leaving; }
  void on_deadline(TimePoint now) override;
  void on_closed() override;
  std::size_t input_bytes_max() const override;
  protocol::SessionInfo info() const override;
  protocol::SessionMemory memory() const override;

 private:
  enum class State : std::uint8_t {
    protocol_header,
    starting,        // connection.start is out
    authenticating,  // the core checks the password
    tuning,
    opening,
    entering,  // the core opens the tenant
    running,
    leaving,  // the client closed; close-ok follows when exclusive queues are gone
    closing,  // connection.close is out, or nothing more will be said; input is dropped
    closed,   // the host was told to end the connection
  };
  class Turn;

  /// A request under way: what asked for it, and where the answer goes.
  struct Awaited {
    MethodId method;
    core::ChannelId channel;  // 0: the connection
    core::ConsumerHandle consumer;
    bool nowait = false;
    bool no_ack = false;
    std::string tag;
  };
  /// A message as it goes to the broker: views into the input or an Assembly.
  struct Message {
    std::string_view exchange;
    std::string_view routing_key;
    bool mandatory = false;
    ByteView header;  // property flags and values
    ByteView body;
    bool let_in = false;  // it had room of its own
  };

  /// What a message's properties ask of the broker.
  struct Asked {
    ByteView header;  // as it is to be stored
    std::optional<std::uint64_t> expiration_ms;
    bool persistent = false;
    std::uint8_t priority = 0;
    message::Durability durability = message::Durability::fsync;
  };

  // ---- session.cc: input ----
  bool takes_input() const;
  std::size_t on_protocol_header(ByteView unread);
  /// Acts on the frame at the front of input_; false when it is not whole, or must wait.
  bool step();
  bool waits_for_alarm(const Frame& frame);
  bool waits_for_changes(const Frame& frame);
  bool is_stopped() const {
    return stopped_for_alarm_ || stopped_for_room_ || stopped_for_changes_ || !backlog_.empty();
  }
  void on_frame(const Frame& frame);
  void on_connection_frame(const Frame& frame);
  void on_connection_method(const MethodFrame& method);
  void on_channel_frame(const Frame& frame);
  void on_frame_while_closing(const Frame& frame);
  void bad_frame(const FrameResult& result);
  void bad_framing(std::uint8_t type, ByteView payload, std::string_view why);
  void unexpected_frame(const Frame& frame);

  // ---- session.cc: the end ----
  /// Sends connection.close and waits for its answer.
  void close_connection(ReplyCode code, std::string_view explanation, MethodId method = {});
  /// Answers the client's close, and leaves the end of the connection to it.
  void say_goodbye();
  /// Says nothing more, and ends the connection after `wait` unless the client does.
  void close_silently(Duration wait);
  void end_now();
  /// Gives everything back to the broker. Returns true when an answer to EndConnection will come.
  bool leave_broker(MethodId why);
  void on_method(const ConnectionClose& method);

  // ---- session_handshake.cc ----
  void send_start();
  void on_method(const ConnectionStartOk& method);
  void on_method(const ConnectionTuneOk& method);
  void on_method(const ConnectionOpen& method);
  void on_method(const ConnectionUpdateSecret& method);
  void on_authenticated(Result<core::Reply::Value> result);
  void on_tenant_opened(Result<core::Reply::Value> result);
  void on_secret_updated(Result<core::Reply::Value> result);
  bool negotiated(std::string_view field, std::uint32_t minimum, std::uint32_t maximum,
                  std::uint32_t value);
  void note_capabilities();

  // ---- session_channel.cc ----
  Channel* find_channel(std::uint16_t number);
  Channel* find_channel(core::ChannelId id);
  void open_channel(std::uint16_t number);
  void erase_channel(Channel& channel);
  void on_channel_method(Channel& channel, const MethodFrame& method);
  bool on_basic_method(Channel& channel, const MethodFrame& method);
  void on_method_while_closed(Channel& channel, const MethodFrame& method);
  void on_method(Channel& channel, const ChannelClose& method);
  void on_method(Channel& channel, const ChannelFlow& method);
  void on_method(Channel& channel, const AccessRequest& method);
  /// Closes the channel or, for a hard error, the connection.
  void refuse(Channel& channel, ReplyCode code, std::string_view explanation, MethodId method);
  /// Gives a channel's consumers and leases back to the broker.
  void release_channel(Channel& channel);
  void return_leases(Channel& channel);
  void finish_leaving(Channel& channel);

  // ---- session_publish.cc ----
  void on_method(Channel& channel, const BasicPublish& method);
  /// Publishes the message at the front of input_ when its method is the one of the last publish.
  /// False when it is not, or anything else is in the way: then it takes the longer way.
  bool publish_again();
  void publish_remembered(Channel& channel, ByteView method_frame,
                          const PublishMemo::Content& content);
  bool publish_whole(Channel& channel, const BasicPublish& method);
  void publish(Channel& channel, const Message& message);
  /// Reads the properties; false after a refusal.
  bool examine(Channel& channel, const Message& message, Asked& asked);
  /// Gives a message to the broker, or to the channel's transaction.
  void hand_over(Channel& channel, const Message& message, const Asked& asked);
  /// Keeps a transaction's publish until its commit.
  void hold(Channel& channel, const Message& message, const Asked& asked);
  void fill(core::Publish& publish, Channel& channel, const Message& message, const Asked& asked);
  bool has_transaction_room(Channel& channel, std::size_t bytes);
  /// `bytes` are more than the channel's transaction may still take.
  bool exceeds_transaction(const Channel& channel, std::uint64_t bytes) const;
  bool refuse_in_transaction(Channel& channel, std::uint64_t bytes);
  /// What all uncommitted transactions of the connection may hold.
  std::uint64_t transaction_bytes_max() const;
  void on_method(Channel& channel, const ConfirmSelect& method);

  // ---- session_content.cc ----
  bool waits_for_room(const Frame& frame);
  bool refuse_body(Channel& channel, std::uint64_t bytes);
  bool refuses_size(std::uint64_t body_bytes) const;
  void on_content_header(Channel& channel, const Frame& frame);
  void on_content_body(Channel& channel, const Frame& frame);
  /// Whether so much more of it may come; closes the connection when not.
  bool accepts_body(const Assembly& assembly, std::size_t bytes);
  void append_body(Channel& channel, ByteView payload);
  /// Takes what has come of the frame at the front of input_, if it is a large one of a body, or is
  /// dropped.
  void begin_part(const FrameResult& begun);
  void skip_head(const FrameResult& begun);
  /// Takes more of it.
  void take_part();
  void publish_if_whole(Channel& channel);
  void publish_assembled(Channel& channel);
  void drop_assembly(Channel& channel);
  /// Gives room back: now, or when the backlog, which holds what it was for, is empty.
  void release_room(std::optional<std::uint64_t>& room);
  void release_backlog_rooms();

  // ---- session_deliver.cc ----
  void on_event(const core::Deliveries& event);
  void on_event(const core::Confirmed& event);
  void on_event(const core::Returned& event);
  void on_event(const core::PublishRefused& event);
  void acknowledge_up_to(Channel& channel, std::uint64_t sequence);
  static void begin_transaction(Channel& channel);
  std::unique_ptr<Transaction> take_transaction(Channel& channel);
  void append_delivery(const Consumer& consumer, DeliveryFront& front, std::uint64_t tag,
                       const core::Delivery& delivery);
  void append_deliver(const Consumer& consumer, std::uint64_t tag, const core::Delivery& delivery);
  bool goes_by_copy(ByteView body, const BlockRef* owner) const;
  void append_content_head(std::uint16_t channel, const message::RecordView& record,
                           std::uint64_t body_bytes);
  void append_content(std::uint16_t channel, const message::RecordView& record,
                      const BlockRef* owner);

  // ---- session_stream.cc ----
  /// Writes the header of a content, whose body follows when it can; what is written meanwhile
  /// goes out behind it.
  void open_stream(ContentStream stream, const message::RecordView& record);
  void read_parts();
  void on_parts(const core::Reply& reply);
  bool has_lease(const ContentStream& stream);
  void write_part(std::uint16_t channel, const Slice& part);
  void finish_stream();
  /// Large bodies that are under way are not completed: the connection is at its end.
  void drop_streams();

  // ---- session_consume.cc ----
  void on_method(Channel& channel, const BasicQos& method);
  void on_method(Channel& channel, const BasicConsume& method);
  void on_method(Channel& channel, const BasicCancel& method);
  void on_method(Channel& channel, const BasicCancelOk& method);
  void on_method(Channel& channel, const BasicGet& method);
  bool tag_is_taken(Channel& channel, const BasicConsume& method);
  void consume_replies(Channel& channel, const BasicConsume& method);
  Consumer& add_consumer(Channel& channel, std::string_view tag, bool no_ack);
  Consumer* find_consumer(Channel& channel, std::string_view tag);
  void forget_consumer(core::ConsumerHandle handle);
  void set_channel_limit(Channel& channel, std::uint32_t limit);
  void resume_starved(Channel& channel);
  void on_event(const core::ConsumerCancelled& event);

  // ---- session_acknowledge.cc ----
  void on_method(Channel& channel, const BasicAck& method);
  void on_method(Channel& channel, const BasicNack& method);
  void on_method(Channel& channel, const BasicReject& method);
  void on_method(Channel& channel, const BasicRecover& method);
  void on_method(Channel& channel, const BasicRecoverAsync& method);
  bool recover(Channel& channel, bool requeue, MethodId method);
  void acknowledge(Channel& channel, std::uint64_t tag, bool multiple, LeaseEnd end,
                   MethodId method);
  void release_credit(Channel& channel, std::int64_t count);

  // ---- session_topology.cc ----
  void on_method(Channel& channel, const ExchangeDeclare& method);
  void on_method(Channel& channel, const ExchangeDelete& method);
  void on_method(Channel& channel, const ExchangeBind& method);
  void on_method(Channel& channel, const ExchangeUnbind& method);
  void on_method(Channel& channel, const QueueDeclare& method);
  void on_method(Channel& channel, const QueueBind& method);
  void on_method(Channel& channel, const QueueUnbind& method);
  void on_method(Channel& channel, const QueuePurge& method);
  void on_method(Channel& channel, const QueueDelete& method);
  template <typename Operation, typename Method>
  void bind_queue(Channel& channel, const Method& method, bool nowait);
  template <typename Operation, typename Method>
  void bind_exchange(Channel& channel, const Method& method);
  /// The queue that a method means by `name`; empty after a refusal.
  std::optional<std::string> queue_name(Channel& channel, std::string_view name, MethodId method);
  /// Empty after a refusal.
  std::optional<message::Table> arguments(Channel& channel, const RawTable& table, MethodId method);

  // ---- session_transaction.cc ----
  void on_method(Channel& channel, const TxSelect& method);
  void on_method(Channel& channel, const TxCommit& method);
  void on_method(Channel& channel, const TxRollback& method);

  // ---- session_reply.cc ----
  void on_event(const core::Reply& event);
  void on_channel_reply(Channel& channel, const Awaited& awaited, const core::Reply::Value& value);
  void on_late_reply(const Awaited& awaited, const Result<core::Reply::Value>& result);
  void on_event(const core::Blocked& event);
  void on_event(const core::Unblocked& event);
  void on_event(const core::Writable& event);
  void on_event(const core::CloseRequested& event);
  void announce_blocked();

  // ---- Everywhere ----
  template <typename Method>
  void send(std::uint16_t channel, const Method& method) {
    append_method(host_.output().buffer(), channel, method);
    heartbeat_.sent();
  }
  template <typename Method>
  void send_unless(bool nowait, const Channel& channel, const Method& method) {
    if (!nowait) send(channel.number, method);
  }
  /// Asks the broker; input waits for the answer.
  Awaited& request(MethodId method, const Channel* channel, core::Request::Operation operation);
  /// Decodes a method and acts on it.
  template <typename Method>
  void handle(Channel& channel, ByteView fields);
  template <typename Method>
  void handle(ByteView fields);

  protocol::SessionHost& host_;
  const Amqp091Settings& settings_;
  const message::Codec& codec_;

  State state_ = State::protocol_header;
  bool blocked_announced_ = false;
  bool stopped_for_alarm_ = false;
  bool stopped_for_room_ = false;
  bool stopped_for_changes_ = false;
  bool deaf_ = false;        // the framing is lost, or the peer is not trusted: input is dropped
  bool end_wanted_ = false;  // the tenant was opened: the broker is told when we go
  CommandBatch* batch_ = nullptr;  // of the turn under way
  ByteView input_;                 // of the on_bytes under way: what is still to be read
  ByteView frame_;                 // of the step under way: the frame that was taken from input_
  TimePoint give_up_at_;           // handshake or closing takes no longer
  Heartbeat heartbeat_;

  std::size_t frame_bytes_max_;
  std::uint16_t channels_max_ = 0;
  std::uint16_t heartbeat_s_ = 0;
  std::string user_;
  bool impersonator_ = false;
  std::string tenant_;
  std::string mechanism_;
  std::string client_properties_;  // as they came
  struct {
    bool close_when_refused = false;
    bool be_cancelled = false;
    bool be_blocked = false;
  } client_can_;                      // of its capabilities, what changes what it is told
  std::optional<core::Alarm> alarm_;  // why publishers wait

  std::uint64_t last_request_ = 0;
  std::uint32_t last_consumer_ = 0;
  std::uint16_t last_channel_id_ = 0;
  boost::unordered_flat_map<std::uint64_t, Awaited> awaited_;  // by the request's number
  HeldCommands backlog_;
  std::vector<std::uint64_t> backlog_rooms_;  // tickets for what is in it
  std::uint64_t assembly_bytes_ = 0;
  std::size_t part_left_ = 0;          // of a frame that is taken as it comes: with its end octet
  core::ChannelId part_channel_;       // that it is for
  std::size_t transaction_bytes_ = 0;  // held by transactions of all channels
  std::size_t unacked_bytes_ = 0;      // of the lists of leases of all channels
  std::size_t channel_bytes_ = 0;      // of what most channels do not need
  std::size_t consumer_argument_bytes_ = 0;
  std::vector<BlockRef> rewritten_;     // headers of this turn's publishes
  std::unique_ptr<PublishMemo> memo_;   // made by the first publish
  std::vector<ContentStream> streams_;  // the first is being written
  core::RequestId parts_awaited_;       // for the first stream, or one that was dropped; or none

  boost::unordered_flat_map<std::uint16_t, std::unique_ptr<Channel>> channels_;  // by number
  boost::unordered_flat_map<std::uint16_t, Channel*> channels_by_id_;
  Channel* last_channel_ = nullptr;  // the one that the last frame was for
  boost::unordered_flat_map<std::uint32_t, std::unique_ptr<Consumer>> consumers_;  // by handle
};

/// One call of the host: collects commands, hands them over at the end, and lets input go on that
/// the call has freed.
class Session::Turn {
 public:
  explicit Turn(Session& session);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Session& session_;
  CommandBatch* const outer_;
  const bool was_stopped_;
  CommandBatch batch_;
};

template <typename Method>
void Session::handle(Channel& channel, ByteView fields) {
  const auto method = decode_method<Method>(fields);
  if (!method) return close_connection(ReplyCode::frame_error, method.error().what, Method::kId);
  on_method(channel, *method);
}

template <typename Method>
void Session::handle(ByteView fields) {
  const auto method = decode_method<Method>(fields);
  if (!method) return close_connection(ReplyCode::frame_error, method.error().what, Method::kId);
  on_method(*method);
}

}  // namespace naru::amqp091
