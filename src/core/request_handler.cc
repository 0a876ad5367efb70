#include "core/request_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/memory_bounds.h"
#include "core/reply_address.h"
#include "core/shard.h"
#include "core/topology/texts.h"

namespace naru::core {

namespace {
/// Finds the client again when an answer comes in a later turn, and replies to it.
void reply_to(Shard& shard, ConnectionId connection, RequestId request,
              Result<Reply::Value> result) {
  if (Client* client = shard.find_client(connection)) client->reply(request, std::move(result));
}

void count_got(Shard::Totals& totals, const Got& got, bool no_ack) {
  ++(!got.delivery ? totals.got_empty : no_ack ? totals.got_no_ack : totals.got);
}

}  // namespace

void RequestHandler::handle(Request request) {
  std::visit([&](auto&& operation) { run(request.id, std::move(operation)); },
             std::move(request.operation));
}

Actor RequestHandler::actor() const {
  return {.principal = client_.principal_.value_or(security::Principal{}),
          .tenant = client_.tenant_.value_or(TenantId{}),
          .connection = client_.id_,
          .system = false};
}

void RequestHandler::change(RequestId id, Metadata::Change change) {
  shard_.change_metadata(
      std::move(change), actor(),
      [&shard = shard_, connection = client_.id_, id](Result<MetadataAnswer> answer) {
        if (!answer) return reply_to(shard, connection, id, std::unexpected(answer.error()));
        reply_to(shard, connection, id, Reply::Value{});
      });
}

// ---- Who and where ----------------------------------------------------------------------------

void RequestHandler::run(RequestId id, Authenticate operation) {
  const Catalog::User* user = shard_.catalog().find_user(operation.user);
  // The rule is about the peer's address; the answer is the same as for a wrong password.
  const bool from_afar = operation.user == "guest" && !client_.host_.peer_is_loopback();
  std::optional<std::string> hash;
  if (user != nullptr && !user->password_hash.empty() && !from_afar) hash = user->password_hash;
  security::Principal principal{operation.user, user != nullptr ? user->tags : ""};
  shard_.authenticator().check(
      {.user = operation.user,
       .hash = std::move(hash),
       .password = std::move(operation.password),
       .source = client_.host_.peer_host(),
       .is_wanted = [&shard = shard_,
                     connection =
                         client_.id_] { return shard.find_client(connection) != nullptr; }},
      [&shard = shard_, connection = client_.id_, id,
       principal = std::move(principal)](Result<bool> accepted) mutable {
        Client* client = shard.find_client(connection);
        if (client == nullptr) return;
        if (!accepted) return client->reply(id, std::unexpected(accepted.error()));
        if (!*accepted) {
          return client->reply(id, fail(Errc::unauthenticated,
                                        "user or password is wrong, or may not be used from here"));
        }
        client->principal_ = principal;
        client->reply(id, Reply::Value{Authenticated{std::move(principal)}});
      });
}

void RequestHandler::run(RequestId id, OpenTenant operation) {
  Catalog& catalog = shard_.catalog();
  const auto tenant = catalog.find_tenant(operation.tenant);
  if (!client_.principal_) {
    return client_.reply(id, fail(Errc::unauthenticated, "not authenticated"));
  }
  if (!tenant) {
    return client_.reply(
        id, fail(Errc::not_found, fmt::format("vhost {} not found", operation.tenant)));
  }
  if (!catalog.may_enter(*client_.principal_, *tenant)) {
    return client_.reply(
        id, fail(Errc::access_refused, fmt::format("access to vhost '{}' refused for user '{}'",
                                                   operation.tenant, client_.principal_->user)));
  }
  client_.tenant_ = *tenant;
  client_.reply(id, Reply::Value{});
}

void RequestHandler::run(RequestId id, EndConnection) {
  for (const auto& [handle, consumer] : client_.consumers_) {
    const ConsumerKey key{client_.id_, handle};
    shard_.on_lane_shard(consumer.queue.lane, [queue = consumer.queue, key](Shard& owner) {
      owner.lane(queue.lane).remove_consumer(queue.id, key, owner.now());
    });
  }
  client_.consumers_.clear();
  client_.leases_asked_ = 0;
  if (!client_.holds_exclusive_queues_) return client_.reply(id, Reply::Value{});
  client_.holds_exclusive_queues_ = false;
  Actor system = actor();
  system.system = true;
  shard_.change_metadata(DropConnection{client_.id_}, system,
                         [&shard = shard_, connection = client_.id_, id](Result<MetadataAnswer>) {
                           reply_to(shard, connection, id, Reply::Value{});
                         });
}

void RequestHandler::run(RequestId id, PutUser operation) {
  if (!operation.password) {
    return change(id, PutUserHashed{operation.name, std::nullopt, operation.tags});
  }
  shard_.authenticator().hash(
      std::move(*operation.password),
      [&shard = shard_, connection = client_.id_, id, name = operation.name,
       tags = operation.tags](Result<std::string> hash) {
        Client* client = shard.find_client(connection);
        if (client == nullptr) return;
        if (!hash) return client->reply(id, std::unexpected(hash.error()));
        RequestHandler(*client, shard).change(id, PutUserHashed{name, std::move(*hash), tags});
      });
}

// ---- Queues -----------------------------------------------------------------------------------

Result<const QueueInfo*> RequestHandler::queue_for(std::string_view name, security::Action action) {
  Catalog& catalog = shard_.catalog();
  if (!client_.principal_ || !client_.tenant_) {
    return fail(Errc::not_allowed, "no vhost was opened");
  }
  const std::string vhost = tenant_label(catalog, *client_.tenant_);
  const QueueInfo* queue = catalog.find_queue(*client_.tenant_, name);
  if (!catalog.authorize(*client_.principal_, *client_.tenant_, action, name)) {
    return fail(Errc::access_refused,
                fmt::format("{} access to {} refused for user '{}'",
                            action == security::Action::read ? "read" : "configure",
                            queue_text(name, vhost), client_.principal_->user));
  }
  if (queue == nullptr) {
    return fail(Errc::not_found, "no " + queue_text(name, vhost));
  }
  if (queue->exclusive_owner && queue->exclusive_owner != client_.id_) {
    return fail(Errc::resource_locked, locked_text(name, vhost));
  }
  return queue;
}

void RequestHandler::run(RequestId id, DeclareQueue operation) {
  if (operation.passive) {
    if (const auto target = parse_reply_address(operation.name)) {
      return declare_reply_address(id, std::move(operation.name), *target);
    }
  }
  const TenantId tenant = client_.tenant_.value_or(TenantId{});
  const bool exists =
      operation.passive || shard_.catalog().find_queue(tenant, operation.name) != nullptr;
  const std::string what = queue_text(operation.name, tenant_label(shard_.catalog(), tenant));
  if (auto may = may_store(what, exists, operation.durable); !may) {
    return client_.reply(id, std::unexpected(may.error()));
  }
  if (operation.exclusive && !operation.passive) client_.holds_exclusive_queues_ = true;
  const std::string name = operation.name;
  std::vector<std::string> without_effect;
  if (!operation.passive) without_effect = not_in_effect(operation.arguments);
  shard_.change_metadata(
      std::move(operation), actor(),
      [&shard = shard_, connection = client_.id_, id, name,
       without_effect = std::move(without_effect)](Result<MetadataAnswer> answer) {
        Client* client = shard.find_client(connection);
        if (client == nullptr) return;
        if (!answer) return client->reply(id, std::unexpected(answer.error()));
        RequestHandler handler(*client, shard);
        if (answer->changed && !without_effect.empty()) {
          handler.note_not_in_effect(answer->name, without_effect);
        }
        handler.reply_declared(id, answer->name.empty() ? name : answer->name, answer->queue);
      });
}

void RequestHandler::note_not_in_effect(std::string_view queue,
                                        const std::vector<std::string>& arguments) {
  const Actor who = actor();
  shard_.not_in_effect_log().on_declared(
      fmt::format("{}, declared by user '{}',",
                  queue_text(queue, tenant_label(shard_.catalog(), who.tenant)),
                  who.principal.user),
      arguments, shard_.now().mono);
}

void RequestHandler::reply_declared(RequestId id, std::string name, QueueRef queue) {
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(queue.lane, [queue, home, connection = client_.id_, id,
                                    name = std::move(name)](Shard& owner) mutable {
    Lane& lane = owner.lane(queue.lane);
    lane.touch(queue.id, owner.now());
    const QueueStats stats = lane.stats(queue.id).value_or(QueueStats{});
    QueueDeclared declared{std::move(name), static_cast<std::uint32_t>(stats.ready),
                           stats.consumers};
    owner.on_shard(home, [connection, id, declared = std::move(declared)](Shard& shard) mutable {
      reply_to(shard, connection, id, Reply::Value{std::move(declared)});
    });
  });
}

void RequestHandler::declare_reply_address(RequestId id, std::string name, ConnectionId target) {
  const ShardId home = shard_.options().id;
  shard_.on_shard(shard_of(target), [target, home, connection = client_.id_, id,
                                     name = std::move(name)](Shard& there) mutable {
    Client* owner = there.find_client(target);
    const bool alive = owner != nullptr && owner->has_reply_address(name);
    there.on_shard(home, [connection, id, alive, name = std::move(name)](Shard& shard) mutable {
      if (alive) {
        return reply_to(shard, connection, id, Reply::Value{QueueDeclared{std::move(name), 0, 1}});
      }
      reply_to(shard, connection, id,
               fail(Errc::not_found, fmt::format("no queue '{}' in vhost '/'", name)));
    });
  });
}

void RequestHandler::run(RequestId id, DeleteQueue operation) {
  auto found = queue_for(operation.name, security::Action::configure);
  if (!found) {
    // Deleting what is not there succeeds.
    if (found.error().code == Errc::not_found) return client_.reply(id, Reply::Value{Counted{0}});
    return client_.reply(id, std::unexpected(found.error()));
  }
  const QueueRef queue = (*found)->ref;
  std::string place = queue_text(operation.name, tenant_label(shard_.catalog(), *client_.tenant_));
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(
      queue.lane, [queue, home, connection = client_.id_, id, operation = std::move(operation),
                   place = std::move(place)](Shard& owner) mutable {
        const QueueStats stats = owner.lane(queue.lane).stats(queue.id).value_or(QueueStats{});
        owner.on_shard(home, [connection, id, stats, operation = std::move(operation),
                              place = std::move(place)](Shard& shard) mutable {
          Client* client = shard.find_client(connection);
          if (client == nullptr) return;
          if (operation.if_unused && stats.consumers > 0) {
            return client->reply(id, fail(Errc::precondition_failed, place + " in use"));
          }
          if (operation.if_empty && stats.ready > 0) {
            return client->reply(id, fail(Errc::precondition_failed, place + " not empty"));
          }
          shard.change_metadata(
              std::move(operation), RequestHandler(*client, shard).actor(),
              [&shard, connection, id, ready = stats.ready](Result<MetadataAnswer> answer) {
                if (!answer)
                  return reply_to(shard, connection, id, std::unexpected(answer.error()));
                reply_to(shard, connection, id,
                         Reply::Value{Counted{static_cast<std::uint32_t>(ready)}});
              });
        });
      });
}

void RequestHandler::run(RequestId id, PurgeQueue operation) {
  auto found = queue_for(operation.name, security::Action::read);
  if (!found) return client_.reply(id, std::unexpected(found.error()));
  const QueueRef queue = (*found)->ref;
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(queue.lane, [queue, home, connection = client_.id_, id](Shard& owner) {
    Result<std::uint32_t> purged = owner.lane(queue.lane).purge(queue.id);
    // Answered when the purge is on disk.
    const TicketId ticket =
        owner.expect_barrier([&owner, home, connection, id, purged = std::move(purged)]() mutable {
          owner.on_shard(home, [connection, id, purged = std::move(purged)](Shard& shard) {
            if (!purged) return reply_to(shard, connection, id, std::unexpected(purged.error()));
            reply_to(shard, connection, id, Reply::Value{Counted{*purged}});
          });
        });
    owner.lane(queue.lane).barrier(ticket);
  });
}

// ---- Consumers --------------------------------------------------------------------------------

void RequestHandler::run(RequestId id, Consume operation) {
  const bool has_few = client_.consumers_.size() < bounds_at(shard_.memory_step()).consumers;
  if (auto may = may_make("another consumer on this connection", has_few); !may)
    return client_.reply(id, std::unexpected(may.error()));
  auto found = queue_for(operation.queue, security::Action::read);
  if (!found) return client_.reply(id, std::unexpected(found.error()));
  const QueueInfo& info = **found;
  const QueueRef queue = info.ref;
  ConsumerSettings settings{.key = {client_.id_, operation.consumer},
                            .tag = operation.tag,
                            .channel = operation.channel,
                            .no_ack = operation.no_ack,
                            .exclusive = operation.exclusive,
                            .priority = operation.priority,
                            .prefetch = operation.prefetch,
                            .channel_credit = operation.shared_credit,
                            .connection_credit = client_.credit_,
                            .connection_leases = client_.leases_};
  std::uint32_t channel_limit = 0;
  if (operation.shared_credit != nullptr)
    channel_limit = static_cast<std::uint32_t>(operation.shared_credit->limit());
  client_.add_consumer(operation.consumer, {.queue = queue,
                                            .channel = operation.channel,
                                            .tag = std::move(operation.tag),
                                            .no_ack = operation.no_ack,
                                            .exclusive = operation.exclusive,
                                            .priority = operation.priority,
                                            .prefetch = operation.prefetch,
                                            .arguments = std::move(operation.arguments),
                                            .channel_limit = channel_limit});
  std::string refusal =
      queue_text(info.name, tenant_label(shard_.catalog(), info.tenant)) + " in exclusive use";
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(queue.lane, [queue, home, settings = std::move(settings), id,
                                    refusal = std::move(refusal)](Shard& owner) mutable {
    const ConsumerKey key = settings.key;
    const Result<void> added =
        owner.lane(queue.lane).add_consumer(queue.id, std::move(settings), owner.now());
    Result<Reply::Value> result = Reply::Value{Consumed{queue}};
    if (!added) result = fail(added.error().code, std::move(refusal));
    owner.on_shard(home, [key, id, result = std::move(result)](Shard& shard) mutable {
      Client* client = shard.find_client(key.connection);
      if (client == nullptr) return;
      if (!result) client->remove_consumer(key.handle);
      client->reply(id, std::move(result));
    });
  });
}

void RequestHandler::run(RequestId id, Cancel operation) {
  const auto found = client_.consumers_.find(operation.consumer);
  if (found == client_.consumers_.end()) return client_.reply(id, Reply::Value{});
  const QueueRef queue = found->second.queue;
  const ConsumerKey key{client_.id_, operation.consumer};
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(queue.lane, [queue, home, key, id](Shard& owner) {
    owner.lane(queue.lane).remove_consumer(queue.id, key, owner.now());
    // Comes behind the consumer's last delivery; until then deliveries are passed on.
    owner.on_shard(home, [key, id](Shard& shard) {
      Client* client = shard.find_client(key.connection);
      if (client == nullptr) return;
      client->remove_consumer(key.handle);
      client->reply(id, Reply::Value{});
    });
  });
}

void RequestHandler::run(RequestId id, Get operation) {
  auto found = queue_for(operation.queue, security::Action::read);
  if (!found) return client_.reply(id, std::unexpected(found.error()));
  if (!operation.no_ack && !client_.may_hold_more())
    return client_.reply(id, std::unexpected(too_many_leases(**found)));
  const QueueRef queue = (*found)->ref;
  const ShardId home = shard_.options().id;
  shard_.on_lane_shard(queue.lane, [queue, home, connection = client_.id_, id,
                                    no_ack = operation.no_ack](Shard& owner) {
    const TicketId ticket = owner.expect_got([&owner, home, connection, id,
                                              no_ack](const Got& got) {
      // The record's bytes are only lent for this call; they may have to travel.
      ByteBuffer bytes;
      Got copy = got;
      if (got.delivery) message::encode(bytes, got.delivery->record);
      owner.on_shard(home, [connection, id, no_ack, copy, bytes = std::move(bytes)](Shard& shard) {
        if (Client* client = shard.find_client(connection)) {
          count_got(shard.totals(), copy, no_ack);
          return client->reply_got(id, copy, no_ack, bytes.view());
        }
        if (copy.delivery) {
          shard.end_leases(copy.queue, copy.delivery->seq, copy.delivery->seq,
                           Batch::LeaseEnd::requeue);
        }
      });
    });
    owner.lane(queue.lane).get(queue.id, no_ack, ticket, owner.now());
  });
}

void RequestHandler::run(RequestId id, OpenReplyAddress operation) {
  std::string key = make_reply_address(client_.id_, shard_.tokens());
  client_.reply_addresses_.push_back({key, operation.consumer});
  client_.reply(id, Reply::Value{ReplyAddress{std::move(key)}});
}

void RequestHandler::run(RequestId id, CloseReplyAddress operation) {
  std::erase_if(client_.reply_addresses_, [&](const Client::ReplyTo& address) {
    return address.consumer == operation.consumer;
  });
  client_.reply(id, Reply::Value{});
}

}  // namespace naru::core
