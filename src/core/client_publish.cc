// The way of a publish through its client: permission, route, lanes, confirm.

#include <fmt/format.h>

#include <utility>

#include "core/client.h"
#include "core/reply_address.h"
#include "core/shard.h"

namespace naru::core {

namespace {
constexpr std::string_view kReplyPrefix = "amq.rabbitmq.reply-to.";
}  // namespace

bool Client::publish(Publish& publish) {
  Channel& from = channel(publish.channel);
  if (from.refused) return false;
  if (publish.step == PublishStep::check) return check(from, publish);
  ++shard_.totals().published;
  if (publish.expiration_ms) {
    publish.record.expires_at_ms =
        shard_.now().wall_ms + static_cast<WallMs>(*publish.expiration_ms);
  }
  if (const Route* route = repeated_route(publish)) {
    enqueue(from, publish, *route);
    return true;
  }
  const bool checked = publish.step == PublishStep::checked;
  if (!checked && !may_write(from, publish)) return false;
  if (publish.record.exchange.empty() && publish.record.routing_key.starts_with(kReplyPrefix) &&
      publish_to_reply_address(from, publish)) {
    return true;
  }
  auto route = route_of(publish);
  if (!route && checked) {
    complete_unrouted(from, publish);
    return true;
  }
  if (!route) {
    refuse(from, publish, std::move(route).error());
    return false;
  }
  if ((*route)->empty()) {
    complete_unrouted(from, publish);
    return true;
  }
  enqueue(from, publish, **route);
  return true;
}

bool Client::check(Channel& from, const Publish& publish) {
  if (!may_write(from, publish)) return false;
  if (publish.record.exchange.empty() && parse_reply_address(publish.record.routing_key)) {
    return true;
  }
  auto route = route_of(publish);
  if (!route) refuse(from, publish, std::move(route).error());
  return route.has_value();
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
  last_route_.usable = !route->by_headers;
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
  if (!std::exchange(was_blocked_, true)) on_alarm_changed();
  ++shard_.totals().refused;
  from.tracker.add(publish.sequence, 0);
  from.confirm_due = true;
  emit(PublishRefused{from.id, publish.sequence, {Errc::no_space, alarm->reason}});
  return true;
}

void Client::refuse(Channel& from, const Publish& publish, Error error) {
  from.refused = true;
  emit(PublishRefused{from.id, publish.sequence, std::move(error)});
}

void Client::enqueue(Channel& from, Publish& publish, const Route& route) {
  ++shard_.totals().routed;
  const PublishRange publisher{id_, from.slot, publish.sequence, publish.sequence};
  if (publish.sequence != 0) {
    from.tracker.add(publish.sequence, static_cast<std::uint8_t>(route.lanes.size()));
  }
  std::size_t queues = 0;
  for (const Route::LaneTargets& targets : route.lanes) {
    queues += targets.queues.size();
    from.lanes_touched |= 1U << targets.lane.value;
  }
  shard_.enqueue(route.lanes, publish.record, publisher);
  shard_.charge_queues(queues);
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
    from.tracker.add(publish.sequence, 0);
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
    from.tracker.add(publish.sequence, 0);
    from.confirm_due = true;
    mark_dirty();
  }
  return true;
}

}  // namespace naru::core
