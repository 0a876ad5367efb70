#pragma once
/// Carries out one Request of a client: looks up, checks permission, asks the lane or metadata,
/// replies.

#include "core/client.h"
#include "core/commands.h"

namespace naru::core {

class Shard;

/// Lives for one call. Answers that come later find their client by its id.
class RequestHandler {
 public:
  RequestHandler(Client& client, Shard& shard) : client_(client), shard_(shard) {}
  void handle(Request request);

 private:
  void run(RequestId id, Authenticate operation);
  void run(RequestId id, OpenTenant operation);
  void run(RequestId id, DeclareQueue operation);
  void run(RequestId id, DeleteQueue operation);
  void run(RequestId id, PurgeQueue operation);
  void run(RequestId id, Consume operation);
  void run(RequestId id, Cancel operation);
  void run(RequestId id, Get operation);
  void run(RequestId id, ReadBody operation);
  void run(RequestId id, OpenReplyAddress operation);
  void run(RequestId id, CloseReplyAddress operation);
  void run(RequestId id, EndConnection operation);
  void run(RequestId id, PutUser operation);
  void run(RequestId id, DeleteUser operation) { change(id, std::move(operation)); }
  void run(RequestId id, PutTenant operation) { change(id, std::move(operation)); }
  void run(RequestId id, DeleteTenant operation) { change(id, std::move(operation)); }
  void run(RequestId id, PutPermission operation) { change(id, std::move(operation)); }
  void run(RequestId id, DeletePermission operation) { change(id, std::move(operation)); }
  void run(RequestId id, DeclareExchange operation);
  void run(RequestId id, DeleteExchange operation) { change(id, std::move(operation)); }
  void run(RequestId id, Bind operation);
  void run(RequestId id, Unbind operation) { change(id, std::move(operation)); }

  /// Hands a change to metadata and replies without a value.
  void change(RequestId id, Metadata::Change change);
  Actor actor() const;
  /// While memory is at its limit connections make nothing that is not there. Errors:
  /// precondition_failed, as for a limit on queues.
  Result<void> may_make(std::string_view what, bool exists) const;
  /// The same; and nothing durable while the log has no room, as what is left of it is for those
  /// who end messages.
  Result<void> may_store(std::string_view what, bool exists, bool durable) const;
  bool has_no_room() const;
  Error too_many_leases(const QueueInfo& queue) const;
  struct BindingKind {
    bool exists = false;
    bool durable = false;
  };
  BindingKind kind_of(const Bind& operation) const;
  Result<void> may_bind(const Bind& operation) const;
  /// The queue, when it exists, is not another connection's, and may be read (or, for configure,
  /// changed) by the principal.
  Result<const QueueInfo*> queue_for(std::string_view name, security::Action action);
  /// The queue that was declared has arguments that do nothing yet.
  void note_not_in_effect(std::string_view queue, const std::vector<std::string>& arguments);
  void reply_declared(RequestId id, std::string name, QueueRef queue);
  void declare_reply_address(RequestId id, std::string name, ConnectionId target);

  Client& client_;
  Shard& shard_;
};

}  // namespace naru::core
