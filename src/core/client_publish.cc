// The way of a publish through its client: permission, route, lanes, confirm.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/client.h"
#include "core/reply_address.h"
#include "core/shard.h"

namespace naru::core {

namespace {
constexpr std::string_view kReplyPrefix = "amq.rabbitmq.reply-to.";

/// Whether one of the queues is there yet.
bool leads_somewhere(const Catalog& catalog, const Route& route) {
  return std::ranges::any_of(route.lanes, [&](const Route::LaneTargets& targets) {
    return std::ranges::any_of(targets.queues,
                               [&](QueueId id) { return catalog.find_queue(id) != nullptr; });
  });
}

bool may_be_reply(const Publish& publish) {
  return publish.record.exchange.empty() && publish.record.routing_key.starts_with(kReplyPrefix);
}

}  // namespace

// Takes a run from its front, message by message or all that is left of it at once. False when the
// rest has to wait: `publish` is that then.
bool Client::publish_run(Publish& run, bool is_taken, bool may_wait) {
  for (;;) {
    std::size_t taken = 1;
    if (may_wait && (!is_taken || shard_.turn_is_over())) {
      if (!refuse_for_now(run)) return false;
    } else {
      taken = publish(run);
    }
    if (taken == run.count()) return true;
    run.drop_first();
  }
}

// How many of the run are done with: the first, or all.
std::size_t Client::publish(Publish& publish) {
  Channel& from = channel(publish.channel);
  if (from.refused) return publish.count();
  if (publish.step == PublishStep::check) {
    check(from, publish);
    return 1;
  }
  if (publish.expiration_ms) {
    publish.record.expires_at_ms =
        shard_.now().wall_ms + static_cast<WallMs>(*publish.expiration_ms);
  }
  if (publish.step == PublishStep::checked) {
    publish_checked(from, publish);
    return 1;
  }
  if (const Route* route = repeated_route(publish)) {
    // What goes to many queues is work that the turn is asked about, message by message.
    const bool whole = route->queue_count() <= Shard::kQueuesUncharged;
    const std::span<const ByteView> more = whole ? publish.more : std::span<const ByteView>();
    shard_.totals().published += 1 + more.size();
    enqueue(from, publish, more, *route);
    return 1 + more.size();
  }
  ++shard_.totals().published;
  if (!may_write(from, publish)) return 1;
  if (may_be_reply(publish) && publish_to_reply_address(from, publish)) return 1;
  auto route = route_of(publish);
  if (!route) {
    refuse(from, publish, std::move(route).error());
  } else {
    publish_along(from, publish, **route);
  }
  return 1;
}

void Client::publish_along(Channel& from, Publish& publish, const Route& route) {
  route.empty() ? complete_unrouted(from, publish) : enqueue(from, publish, {}, route);
}

// It was found out when it came whether it may go, and where.
void Client::publish_checked(Channel& from, Publish& publish) {
  NARU_CHECK(from.transaction != nullptr, "what is committed was asked about");
  const Route& route = from.transaction->take();
  ++shard_.totals().published;
  if (may_be_reply(publish) && publish_to_reply_address(from, publish)) return;
  const bool gone = publish.mandatory && !leads_somewhere(shard_.catalog(), route);
  publish_along(from, publish, gone ? Route{} : route);
}

void Client::check(Channel& from, const Publish& publish) {
  if (!may_write(from, publish)) return;
  // Replies are never routed.
  if (publish.record.exchange.empty() && parse_reply_address(publish.record.routing_key))
    return hold_route(from, publish, {});
  auto route = route_of(publish);
  if (!route) return refuse(from, publish, std::move(route).error());
  hold_route(from, publish, **route);
}

// A commit is one turn's work, and all that it makes is there at once: so it has a bound.
void Client::hold_route(Channel& from, const Publish& publish, const Route& route) {
  if (from.transaction == nullptr) from.transaction = std::make_unique<TransactionRoutes>();
  const TransactionRoutes::Wanted wanted{publish.record.exchange, publish.record.routing_key,
                                         shard_.catalog().version()};
  const std::size_t weight = from.transaction->weight_of(wanted, route);
  const std::size_t most = shard_.options().transaction_targets_max;
  if (transaction_targets_ + weight > most / 2 || !shard_.take_transaction_targets(weight)) {
    return refuse(from, publish,
                  {Errc::precondition_failed,
                   fmt::format("uncommitted transactions may have {} targets on a connection and "
                               "{} on all of its shard: messages times queues that they go to",
                               most / 2, most)});
  }
  transaction_targets_ += weight;
  from.transaction->add(wanted, route);
}

void Client::drop_transaction(Channel& from) {
  if (from.transaction == nullptr) return;
  const std::size_t targets = from.transaction->weight();
  transaction_targets_ -= targets;
  shard_.give_transaction_targets(targets);
  from.transaction = nullptr;
}

// Not an address for direct replies either: those are never routed.
const Route* Client::repeated_route(const Publish& publish) {
  const std::uint64_t version = shard_.catalog().version();
  const message::RecordView& record = publish.record;
  const bool repeated = last_route_.usable && last_route_.version == version &&
                        last_route_.key == record.routing_key &&
                        last_route_.exchange == record.exchange &&
                        write_allowed_version_ == version && write_allowed_ == record.exchange;
  return repeated && !last_route_.route.empty() ? &last_route_.route : nullptr;
}

bool Client::may_write(Channel& from, const Publish& publish) {
  auto allowed = authorise_write(publish.record.exchange);
  if (!allowed) refuse(from, publish, std::move(allowed).error());
  return allowed.has_value();
}

Result<const Route*> Client::route_of(const Publish& publish) {
  Catalog& catalog = shard_.catalog();
  const message::RecordView& record = publish.record;
  if (last_route_.usable && last_route_.version == catalog.version() &&
      last_route_.key == record.routing_key && last_route_.exchange == record.exchange) {
    return &last_route_.route;
  }
  if (!tenant_) return fail(Errc::not_allowed, "no vhost was opened");
  auto found =
      catalog.route(*tenant_, record.exchange, record.routing_key, record.header, publish.codec);
  shard_.charge(catalog.take_work());
  NARU_TRY(route, std::move(found));
  last_route_.usable = !route->by_headers && route->queue_count() <= LastRoute::kQueuesMax;
  if (last_route_.usable) {
    last_route_.version = catalog.version();
    last_route_.exchange.assign(record.exchange);
    last_route_.key.assign(record.routing_key);
    last_route_.route = *route;
  }
  return route;
}

Result<void> Client::authorise_write(std::string_view exchange) {
  Catalog& catalog = shard_.catalog();
  if (write_allowed_version_ == catalog.version() && write_allowed_ == exchange) return {};
  if (!principal_ || !tenant_) return fail(Errc::not_allowed, "no vhost was opened");
  // The default exchange is asked about under the name that RabbitMQ gives it.
  const std::string_view name = exchange.empty() ? std::string_view("amq.default") : exchange;
  if (!catalog.authorize(*principal_, *tenant_, security::Action::write, name)) {
    return fail(Errc::access_refused,
                fmt::format("write access to exchange '{}' in vhost '{}' refused for user '{}'",
                            name, tenant_label(catalog, *tenant_), principal_->user));
  }
  write_allowed_.assign(exchange);
  write_allowed_version_ = catalog.version();
  return {};
}

// Only what is not waited for may be refused without a word, and nothing is: it waits.
bool Client::refuse_for_now(const Publish& publish) {
  const Alarm* alarm = shard_.alarm();
  if (alarm == nullptr || !alarm->refuses || publish.sequence == 0) return false;
  Channel& from = channel(publish.channel);
  if (from.refused) return true;
  if (from.tracker.outstanding() >= shard_.options().refused_behind_max) return false;
  ++shard_.totals().refused;
  from.tracker.add(publish.sequence, publish.sequence, 0);
  from.confirm_due = true;
  emit(PublishRefused{from.id, publish.sequence, {Errc::no_space, alarm->reason}});
  return true;
}

void Client::refuse(Channel& from, const Publish& publish, Error error) {
  from.refused = true;
  emit(PublishRefused{from.id, publish.sequence, std::move(error)});
}

void Client::enqueue(Channel& from, const Publish& publish, std::span<const ByteView> more,
                     const Route& route) {
  const message::RecordRun run(publish.record, more);
  shard_.totals().routed += run.size();
  PublishRange publisher{id_, from.slot, publish.sequence, publish.sequence};
  if (publish.sequence != 0) {
    publisher.last += more.size();
    from.tracker.add(publisher.first, publisher.last,
                     static_cast<std::uint8_t>(route.lanes.size()));
  }
  for (const Route::LaneTargets& targets : route.lanes) {
    from.lanes_touched |= 1U << targets.lane.value;
  }
  shard_.enqueue(route.lanes, run, publisher);
  shard_.charge_queues(route.queue_count());
}

void Client::complete_unrouted(Channel& from, Publish& publish) {
  if (publish.mandatory) {
    ++shard_.totals().unroutable_returned;
    ByteBuffer encoded;
    message::encode(encoded, publish.record);
    kept_.push_back(Slice::copy_of(encoded.view()));
    emit(Returned{from.id, *message::decode_record(kept_.back().view)});
  } else {
    ++shard_.totals().unroutable_dropped;
  }
  if (publish.sequence != 0) {
    from.tracker.add(publish.sequence, publish.sequence, 0);
    from.confirm_due = true;
    mark_dirty();
  }
}

bool Client::publish_to_reply_address(Channel& from, Publish& publish) {
  const auto target = parse_reply_address(publish.record.routing_key);
  if (!target) return false;
  ByteBuffer encoded;
  message::encode(encoded, publish.record);
  const std::string key(publish.record.routing_key);
  shard_.on_shard(naru::core::shard_of(*target),
                  [to = *target, tenant = *tenant_, key, bytes = std::move(encoded)](Shard& there) {
                    Client* client = there.find_client(to);
                    if (client != nullptr && client->is_in(tenant)) {
                      client->on_reply_message(key, bytes.view());
                    }
                  });
  if (publish.sequence != 0) {
    from.tracker.add(publish.sequence, publish.sequence, 0);
    from.confirm_due = true;
    mark_dirty();
  }
  return true;
}

}  // namespace naru::core
