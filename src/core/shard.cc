#include "core/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/damage_text.h"

namespace naru::core {

Shard::Shard(Options options, Journal& journal, ShardLink& link,
             security::Authenticator& authenticator, Random& random,
             const security::TokenKey& token_key, Logger& log, const Now& now)
    : options_(options),
      journal_(journal),
      link_(link),
      authenticator_(authenticator),
      random_(random),
      tokens_(token_key),
      log_(log),
      not_in_effect_log_(log),
      now_(now),
      catalog_(*this),
      shared_bodies_(journal, options.shared),
      emptied_(options.shard_count),
      in_flight_bytes_(options.shard_count),
      staged_bytes_(options.shard_count) {
  for (std::uint16_t to = 0; to < options.shard_count; ++to) {
    batches_.push_back(std::make_unique<Batch>());
  }
  if (options_.id == ShardId(0)) {
    metadata_ = std::make_unique<Metadata>(journal_, catalog_, *this, random_);
    journal_.attach(kMetadataGroup, *metadata_);
  }
  for (std::uint32_t number = 1; number <= kLaneCount; ++number) {
    const GroupId id(number);
    if (!owns(id)) continue;
    lanes_[number] = std::make_unique<Lane>(id, journal_, *this, options_.lane, &shared_bodies_);
    own_lanes_.push_back(lanes_[number].get());
    journal_.attach(id, *lanes_[number]);
  }
}

Shard::~Shard() = default;

// ---- Start-up ---------------------------------------------------------------------------------

void Shard::set_replicas(std::vector<Shard*> replicas) {
  replicas_ = std::move(replicas);
}

void Shard::start() {
  replicas_.clear();
  started_ = true;
  if (metadata_) not_in_effect_log_.on_recovered(catalog_);
}

bool Shard::is_new() const {
  return metadata_->empty();
}

void Shard::bootstrap(std::string guest_password_hash) {
  Actor actor{.principal = {}, .tenant = {}, .connection = {}, .system = true};
  metadata_->submit(Bootstrap{std::move(guest_password_hash)}, actor,
                    [](Result<MetadataAnswer> made) {
                      NARU_CHECK(made.has_value(), "an empty catalogue takes its first facts");
                    });
}

// ---- The loop ---------------------------------------------------------------------------------

std::unique_ptr<Client> Shard::open_client(ClientHost& host, ClientKind kind) {
  const ConnectionId id((std::uint64_t{options_.id.value} << 48) | ++client_counter_);
  auto client = std::make_unique<Client>(*this, id, host, kind);
  clients_[id] = client.get();
  if (kind == ClientKind::connection) ++totals_.connections_opened;
  client->on_alarm_changed();
  return client;
}

Client* Shard::find_client(ConnectionId id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second;
}

void Shard::each_client(const std::function<void(const Client&)>& visit) const {
  for (const auto& [id, client] : clients_) visit(*client);
}

EnqueuedByLevel Shard::enqueued() const {
  EnqueuedByLevel sum{};
  for (const auto& lane : lanes_) {
    if (!lane) continue;
    for (std::size_t level = 0; level < sum.size(); ++level) sum[level] += lane->enqueued()[level];
  }
  return sum;
}

void Shard::forget_client(const Client& client) {
  clients_.erase(client.id());
  for (WaitingClients* waiting : {&waiting_clients_, &waiting_let_in_, &waiting_with_changes_}) {
    waiting->one_has_gone(clients_.size(), [&](ConnectionId id) { return clients_.contains(id); });
  }
  if (client.kind() == ClientKind::connection) ++totals_.connections_closed;
}

bool Shard::flush() {
  // Dispatch makes sessions submit, and what they submit may be dispatched: a few rounds settle
  // most turns; the rest gets the next turn, so that sockets are never starved.
  constexpr int kRoundsMax = 4;
  for (int round = 0; round < kRoundsMax && has_work(); ++round) {
    flush_once();
    balance_leases();
  }
  if (!waiting_let_in_.empty() && takes_let_in()) wake_with_publishes(waiting_let_in_);
  if (!waiting_clients_.empty() && takes_publishes()) wake_with_publishes(waiting_clients_);
  wake_with_changes();
  // Publishers of other shards wait, like those here, while too much is on its way to the disk, or
  // held in memory; during an alarm only what was let in comes from there.
  const bool takes_more =
      (alarm_ || !publishes_held_) && journal_.uncommitted_bytes() <= uncommitted_bytes_max();
  for (std::uint16_t to = 0; to < options_.shard_count; ++to) {
    if (takes_more) batch_to(ShardId(to)).taken_bytes += std::exchange(staged_bytes_[to], 0);
    send_batch(ShardId(to));
  }
  const bool goes_on =
      (turn_is_over() && somebody_waits()) || (!waiting_with_changes_.empty() && takes_changes());
  turn_work_ = 0;
  return goes_on || has_work();
}

bool Shard::has_work() const {
  return !lanes_to_flush_.empty() || !dirty_clients_.empty() ||
         (metadata_ && metadata_->wants_flush());
}

void Shard::flush_once() {
  if (metadata_) metadata_->flush();
  lanes_flushing_.swap(lanes_to_flush_);
  for (Lane* lane : lanes_flushing_) lane->dispatch(now_);
  for (Lane* lane : lanes_flushing_) lane->append();
  lanes_flushing_.clear();
  flush_events();
}

void Shard::flush_events() {
  clients_flushing_.swap(dirty_clients_);
  for (const ConnectionId id : clients_flushing_) {
    if (Client* client = find_client(id)) client->flush_events();
  }
  clients_flushing_.clear();
}

TimePoint Shard::next_deadline() const {
  TimePoint next = kNever;
  for (const Lane* lane : own_lanes_) next = std::min(next, lane->next_deadline());
  return next;
}

void Shard::on_deadline() {
  for (Lane* lane : own_lanes_) {
    if (lane->next_deadline() <= now_.mono) lane->on_deadline(now_);
  }
}

void Shard::wake(std::vector<ConnectionId> waiting, void (Client::*how)()) {
  for (const ConnectionId id : waiting) {
    if (Client* client = find_client(id)) (client->*how)();
  }
  flush_events();
}

void Shard::wake_with_publishes(WaitingClients& waiting) {
  wake(waiting.take_all(), &Client::may_publish);
}

// A few: each may ask for as much as there was room for, and the others would wait again.
void Shard::wake_with_changes() {
  constexpr std::size_t kWokenMax = 64;
  if (waiting_with_changes_.empty() || !takes_changes()) return;
  wake(waiting_with_changes_.take(kWokenMax), &Client::may_change);
}

void Shard::set_alarm(const Alarm* alarm) {
  alarm_.reset();
  if (alarm != nullptr) alarm_ = *alarm;
  for (const auto& [id, client] : clients_) client->on_alarm_changed();
  // What waits can be refused.
  if (alarm == nullptr || !alarm->refuses) return;
  wake_with_publishes(waiting_let_in_);
  wake_with_publishes(waiting_clients_);
}

bool Shard::takes_publishes() const {
  if (NARU_MUTANT(ignore_back_pressure)) return true;
  return !alarm_ && !publishes_held_ && has_room_on_its_way();
}

bool Shard::takes_let_in() const {
  return (!alarm_ || alarm_->lets_finish) && has_room_on_its_way();
}

bool Shard::has_room_on_its_way() const {
  const std::size_t most = uncommitted_bytes_max();
  if (turn_is_over() || journal_.uncommitted_bytes() > most) return false;
  return std::ranges::all_of(in_flight_bytes_, [most](std::size_t bytes) { return bytes <= most; });
}

Lane& Shard::lane(GroupId id) {
  Lane* lane = lanes_[id.value].get();
  NARU_CHECK(lane != nullptr, "a lane is asked on its own shard");
  return *lane;
}

TicketId Shard::expect_got(GotDone done) {
  const TicketId ticket(++ticket_counter_);
  got_waiters_.emplace(ticket.value, std::move(done));
  return ticket;
}

TicketId Shard::expect_barrier(std::move_only_function<void()> done) {
  const TicketId ticket(++ticket_counter_);
  barrier_waiters_.emplace(ticket.value, std::move(done));
  return ticket;
}

// ---- Metadata ---------------------------------------------------------------------------------

bool Shard::takes_changes() const {
  return changes_bytes_ <= changes_bytes_max();
}

void Shard::change_metadata(Metadata::Change change, Actor actor, Metadata::Done done) {
  const std::size_t bytes = bytes_under_way(change);
  changes_bytes_ += bytes;
  const ShardId home = options_.id;
  on_shard(ShardId(0), [change = std::move(change), actor = std::move(actor), home, bytes,
                        done = std::move(done)](Shard& zero) mutable {
    zero.metadata_->submit(
        std::move(change), std::move(actor),
        [&zero, home, bytes, done = std::move(done)](Result<MetadataAnswer> answer) mutable {
          zero.on_shard(home, [bytes, done = std::move(done),
                               answer = std::move(answer)](Shard& asker) mutable {
            asker.changes_bytes_ -= bytes;
            done(std::move(answer));
          });
        });
  });
}

void Shard::broadcast(std::shared_ptr<const ByteBuffer> facts,
                      std::move_only_function<void()> applied) {
  if (!started_) {
    for (Shard* replica : replicas_) {
      if (const auto made = replica->catalog_.apply(facts->view()); !made)
        return journal_.report_damage({}, made.error().what);
    }
    return applied();
  }
  struct Waiting {
    std::size_t left;
    std::move_only_function<void()> applied;
  };
  auto waiting = std::make_shared<Waiting>(options_.shard_count, std::move(applied));
  for (std::uint16_t to = 0; to < options_.shard_count; ++to) {
    on_shard(ShardId(to), [facts, waiting](Shard& there) mutable {
      there.apply_facts(facts->view());
      // `waiting` is touched on shard 0 only.
      there.on_shard(ShardId(0), [waiting = std::move(waiting)](Shard&) {
        if (--waiting->left == 0) waiting->applied();
      });
    });
  }
}

void Shard::apply_facts(ByteView facts) {
  const auto result = catalog_.apply(facts);
  NARU_CHECK(result.has_value(), "committed facts apply everywhere");
}

void Shard::on_queue_created(const QueueInfo& queue) {
  if (owns(queue.ref.lane)) lane(queue.ref.lane).create_queue(queue.ref.id, queue.settings);
}

void Shard::on_queue_deleted(const QueueInfo& queue) {
  if (owns(queue.ref.lane)) lane(queue.ref.lane).delete_queue(queue.ref.id);
}

void Shard::on_tenant_deleted(TenantId tenant, const std::string& name) {
  for (const auto& [id, client] : clients_) {
    if (client->is_in(tenant)) {
      client->request_close(Errc::not_found, fmt::format("vhost '{}' is deleted", name));
    }
  }
}

void Shard::on_user_deleted(const std::string& name) {
  for (const auto& [id, client] : clients_) {
    if (client->acts_for(name)) {
      client->request_close(Errc::not_found, fmt::format("user '{}' is deleted", name));
    }
  }
}

// ---- What lanes tell --------------------------------------------------------------------------

void Shard::on_flush_wanted(GroupId id) {
  lanes_to_flush_.push_back(&lane(id));
}

void Shard::on_consumer_cancelled(ConsumerKey consumer) {
  on_shard(naru::core::shard_of(consumer.connection), [consumer](Shard& home) {
    if (Client* client = home.find_client(consumer.connection)) {
      client->on_consumer_cancelled(consumer.handle);
    }
  });
}

void Shard::on_barrier(TicketId ticket) {
  const auto found = barrier_waiters_.find(ticket.value);
  NARU_CHECK(found != barrier_waiters_.end(), "a barrier is answered once");
  auto done = std::move(found->second);
  barrier_waiters_.erase(found);
  done();
}

void Shard::on_got(TicketId ticket, const Got& got) {
  const auto found = got_waiters_.find(ticket.value);
  NARU_CHECK(found != got_waiters_.end(), "a get is answered once");
  auto done = std::move(found->second);
  got_waiters_.erase(found);
  done(got);
}

void Shard::on_queue_unused(QueueRef queue) {
  Actor actor{.principal = {}, .tenant = {}, .connection = {}, .system = true};
  change_metadata(DeleteQueueById{queue.id}, actor, [](Result<MetadataAnswer>) {});
}

void Shard::on_damaged(const DamagedRecords& records) {
  journal_.report_damage(records.where, text_of(catalog_, records));
}

}  // namespace naru::core
