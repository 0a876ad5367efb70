#include "core/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/reply_address.h"
#include "core/request_handler.h"
#include "core/shard.h"

namespace naru::core {

namespace {
constexpr std::size_t kEventsKept = 64;  // room for so many of a turn stays
}  // namespace

Client::Client(Shard& shard, ConnectionId id, ClientHost& host, ClientKind kind)
    : shard_(shard),
      id_(id),
      kind_(kind),
      host_(host),
      credit_(std::make_shared<ConnectionCredit>(shard.connection_credit_bytes())),
      leases_(std::make_shared<ConnectionLeases>(
          kind == ClientKind::connection ? shard.connection_leases_max(0) : 0)) {}

Client::~Client() {
  take_leases(-held_leases_);
  for (const auto& [handle, consumer] : consumers_) {
    const ConsumerKey key{id_, handle};
    shard_.on_lane_shard(consumer.queue.lane, [queue = consumer.queue, key](Shard& owner) {
      owner.lane(queue.lane).remove_consumer(queue.id, key, owner.now());
    });
  }
  if (holds_exclusive_queues_ && !NARU_MUTANT(forget_exclusive)) {
    Actor actor{.principal = {}, .tenant = {}, .connection = id_, .system = true};
    shard_.change_metadata(DropConnection{id_}, actor, [](Result<MetadataAnswer>) {});
  }
  shard_.give_transaction_targets(transaction_targets_);
  shard_.forget_client(*this);
}

void Client::assume(security::Principal principal, std::optional<TenantId> tenant) {
  principal_ = std::move(principal);
  tenant_ = tenant;
  // What was found out for somebody else does not count.
  write_allowed_version_ = kNoVersion;
  last_route_.usable = false;
}

/// Whether there is one before the Barrier.
static bool has_publish(std::span<const Command> transaction) {
  for (const Command& command : transaction) {
    if (std::holds_alternative<Publish>(command)) return true;
    if (std::holds_alternative<Barrier>(command)) return false;
  }
  return false;
}

std::size_t Client::submit(std::span<Command> batch) {
  const bool outer = std::exchange(busy_, true);
  const std::size_t taken = take(batch);
  release_ended_leases();
  busy_ = outer;
  return taken;
}

std::size_t Client::take(std::span<Command> batch) {
  enum class Transaction : std::uint8_t { none, open, discarded };
  Transaction transaction = Transaction::none;
  Channel* transacting = nullptr;  // its Barrier waits for the lanes of what it ends, too
  // What is taken here is appended at the end of the turn: asking once is enough.
  const bool takes_publishes = shard_.takes_publishes();
  const bool takes_let_in = takes_publishes || shard_.takes_let_in();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Command& command = batch[i];
    if (auto* message = std::get_if<Publish>(&command)) {
      // Within a transaction nothing is left for later.
      const bool may_wait = transaction == Transaction::none;
      if (!publish_run(*message, message->let_in ? takes_let_in : takes_publishes, may_wait)) {
        wait_with_publishes(message->let_in);
        return i;
      }
    } else if (const auto* settle = std::get_if<Settle>(&command)) {
      if (transacting != nullptr) transacting->lanes_touched |= 1U << settle->queue.lane.value;
      end_leases(settle->queue, settle->first, settle->last,
                 transaction == Transaction::discarded ? Batch::LeaseEnd::requeue
                                                       : Batch::LeaseEnd::settle);
    } else if (const auto* back = std::get_if<Return>(&command)) {
      if (transacting != nullptr) transacting->lanes_touched |= 1U << back->queue.lane.value;
      end_leases(back->queue, back->first, back->last,
                 back->requeue || transaction == Transaction::discarded ? Batch::LeaseEnd::requeue
                                                                        : Batch::LeaseEnd::reject);
    } else if (const auto* park = std::get_if<Park>(&command)) {
      end_leases(park->queue, park->seq, park->seq, Batch::LeaseEnd::park);
    } else if (const auto* resume = std::get_if<Resume>(&command)) {
      const ConsumerKey key{id_, resume->consumer};
      shard_.on_lane_shard(resume->queue.lane, [queue = resume->queue, key](Shard& owner) {
        owner.lane(queue.lane).resume_consumer(queue.id, key);
      });
    } else if (const auto* shared = std::get_if<ChannelLimit>(&command)) {
      set_channel_limit(*shared);
    } else if (const auto* begin = std::get_if<AtomicBegin>(&command)) {
      // Its channel's publishes are ignored from the refused one on, so its acknowledgements must
      // not count either.
      // As a whole it waits like a publish; one that only ends leases waits for nothing.
      const bool is_taken = begin->let_in ? takes_let_in : takes_publishes;
      if ((!is_taken || shard_.turn_is_over()) && has_publish(batch.subspan(i))) {
        wait_with_publishes(begin->let_in);
        return i;
      }
      Channel& from = channel(begin->channel);
      transacting = NARU_MUTANT(commit_before_settles) ? nullptr : &from;
      transaction = from.refused ? Transaction::discarded : Transaction::open;
      if (transaction == Transaction::open) shard_.atomic_begin();
    } else if (const auto* wait = std::get_if<Barrier>(&command)) {
      if (transaction == Transaction::open) shard_.atomic_end();
      if (transaction != Transaction::none) drop_transaction(channel(wait->channel));
      transaction = Transaction::none;
      transacting = nullptr;
      barrier(*wait);
    } else if (const auto* rolled = std::get_if<RolledBack>(&command)) {
      drop_transaction(channel(rolled->channel));
    } else if (const auto* closed = std::get_if<ChannelClosed>(&command)) {
      close_channel(closed->channel);
    } else {
      auto& request = std::get<std::unique_ptr<Request>>(command);
      RequestHandler(*this, shard_).handle(std::move(*request));
    }
  }
  return batch.size();
}

Client::Channel& Client::find_channel(ChannelId id) {
  Channel*& entry = channels_[id];
  if (entry == nullptr) {
    std::size_t slot = 0;
    while (slot < slots_.size() && slots_[slot] != nullptr) ++slot;
    if (slot == slots_.size()) slots_.emplace_back();
    NARU_CHECK(slot <= UINT16_MAX, "more channels than numbers");
    slots_[slot] = std::make_unique<Channel>();
    entry = slots_[slot].get();
    entry->id = id;
    entry->slot = ChannelId(static_cast<std::uint16_t>(slot));
  }
  last_channel_ = entry;
  return *entry;
}

void Client::close_channel(ChannelId id) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  Channel& channel = *found->second;
  drop_transaction(channel);
  channels_.erase(found);
  if (last_channel_ == &channel) last_channel_ = nullptr;
  channel.closed = true;
  free_slot_if_idle(channel);
}

void Client::free_slot_if_idle(Channel& channel) {
  if (!channel.closed || channel.tracker.outstanding() != 0) return;
  slots_[channel.slot.value] = nullptr;
}

std::size_t Client::memory_bytes() const {
  // With the allocator's part, and what finds it: a slot and a place in a map.
  constexpr std::size_t kChannelBytes = sizeof(Channel) + 64;
  const std::size_t more_channels = channels_.empty() ? 0 : channels_.size() - 1;
  std::size_t routes = last_route_.route.memory_bytes();
  for (std::size_t i = 0; transaction_targets_ != 0 && i < slots_.size(); ++i) {
    if (slots_[i] != nullptr && slots_[i]->transaction != nullptr)
      routes += slots_[i]->transaction->memory_bytes();
  }
  return more_channels * kChannelBytes + routes +
         (events_.capacity() + handing_over_.capacity()) * sizeof(Event);
}

void Client::barrier(const Barrier& wait) {
  Channel& from = channel(wait.channel);
  const std::uint32_t lanes = std::exchange(from.lanes_touched, 0);
  int count = 0;
  for (std::uint32_t lane = 1; lane <= kLaneCount; ++lane) {
    if ((lanes & (1U << lane)) != 0) ++count;
  }
  if (count == 0) {
    reply(wait.request, Reply::Value{});
    return;
  }
  barriers_[wait.request.value] = {wait.request, count};
  const ConnectionId me = id_;
  const ShardId home = shard_.options().id;
  for (std::uint32_t number = 1; number <= kLaneCount; ++number) {
    if ((lanes & (1U << number)) == 0) continue;
    const GroupId lane(number);
    shard_.on_lane_shard(lane, [lane, me, home, request = wait.request](Shard& owner) {
      owner.lane(lane).barrier(owner.expect_barrier([&owner, me, home, request] {
        owner.on_shard(home, [me, request](Shard& shard) {
          if (Client* client = shard.find_client(me)) client->on_barrier(request);
        });
      }));
    });
  }
}

void Client::on_barrier(RequestId request) {
  const auto found = barriers_.find(request.value);
  if (found == barriers_.end() || --found->second.lanes_left > 0) return;
  barriers_.erase(found);
  reply(request, Reply::Value{});
}

// ---- Events -----------------------------------------------------------------------------------

void Client::on_published(ChannelId slot, std::uint64_t first, std::uint64_t last) {
  Channel* channel = slot.value < slots_.size() ? slots_[slot.value].get() : nullptr;
  NARU_CHECK(channel != nullptr, "a slot is kept while publishes are outstanding");
  channel->tracker.done(first, last);
  if (channel->closed) {
    free_slot_if_idle(*channel);
    return;
  }
  channel->confirm_due = true;
  mark_dirty();
}

void Client::on_deliveries(const Deliveries& deliveries, std::uint32_t leases) {
  handed_bytes_ += deliveries.credit_bytes;
  const auto found = consumers_.find(deliveries.consumer);
  if (found == consumers_.end()) {
    // Cancelled, or never known: the leases go back. What was settled at delivery (no_ack) is
    // ignored by the lane.
    for (const Delivery& delivery : deliveries.batch) {
      shard_.end_leases(deliveries.queue, delivery.seq, delivery.seq, Batch::LeaseEnd::requeue);
    }
    take_leases(leases);
    ended_leases_ += leases;
    return release_ended_leases();
  }
  take_leases(leases);
  // Keeps the order: a reply to Consume stands before the consumer's first delivery.
  flush_events();
  shard_.totals().delivered += deliveries.batch.size();
  const Event event = deliveries;
  tell({&event, 1});
}

void Client::on_consumer_cancelled(ConsumerHandle consumer) {
  if (remove_consumer(consumer)) emit(ConsumerCancelled{consumer});
}

void Client::reply(RequestId request, Result<Reply::Value> result) {
  emit(Reply{request, std::move(result)});
}

void Client::reply_got(RequestId request, Got got, bool no_ack, ByteView record) {
  if (got.delivery) {
    if (!no_ack || got.stored != nullptr) {
      leases_->acquire(1);
      take_leases(1);
    }
    kept_.push_back(Slice::copy_of(record));
    got.delivery->record = *message::decode_record(kept_.back().view);
    got.delivery->owner = nullptr;  // kept_ may grow before the events are handed over
  }
  reply(request, Reply::Value{std::move(got)});
}

const Client::ReplyTo* Client::find_reply_address(std::string_view key) const {
  const auto found = std::find_if(reply_addresses_.begin(), reply_addresses_.end(),
                                  [key](const ReplyTo& address) { return address.key == key; });
  return found == reply_addresses_.end() ? nullptr : &*found;
}

// Often within a submit() of the same connection: it waits its turn like every other event.
void Client::on_reply_message(std::string_view key, ByteView record) {
  const ReplyTo* address = find_reply_address(key);
  if (address == nullptr) return;
  if (waiting_reply_bytes_ >= shard_.waiting_reply_bytes_max()) {
    ++shard_.totals().replies_dropped;
    return;
  }
  waiting_reply_bytes_ += record.size();
  kept_.push_back(Slice::copy_of(record));
  kept_deliveries_.push_back(std::make_unique<Delivery>(
      Seq(++reply_seq_), false, *message::decode_record(kept_.back().view), nullptr));
  emit(Deliveries{address->consumer, QueueRef{}, {kept_deliveries_.back().get(), 1}, 0});
}

void Client::wait_with_publishes(bool let_in) {
  if (!std::exchange(waits_with_publishes_, true)) shard_.wait_for_writable(id_, let_in);
}

bool Client::takes_changes() {
  if (shard_.takes_changes()) return true;
  if (!std::exchange(waits_with_changes_, true)) shard_.wait_with_changes(id_);
  return false;
}

// Every connection is told, whether it publishes or not: what a session lets in before it knows is
// taken. The broker's own administration waits without knowing for what.
void Client::on_alarm_changed() {
  if (kind_ != ClientKind::connection) return;
  const Alarm* alarm = shard_.alarm();
  const bool was_blocked = std::exchange(is_blocked_, alarm != nullptr);
  if (alarm != nullptr) return emit(Blocked{*alarm});
  if (was_blocked && !NARU_MUTANT(never_unblock)) emit(Unblocked{});
}

void Client::may_publish() {
  if (std::exchange(waits_with_publishes_, false)) emit(Writable{});
}

void Client::may_change() {
  if (std::exchange(waits_with_changes_, false)) emit(Writable{});
}

void Client::request_close(Errc code, std::string text) {
  emit(CloseRequested{code, std::move(text)});
}

void Client::tell(std::span<const Event> events) {
  const bool outer = std::exchange(busy_, true);
  host_.on_events(events);
  busy_ = outer;
}

void Client::emit(Event event) {
  events_.push_back(std::move(event));
  mark_dirty();
}

void Client::mark_dirty() {
  if (!std::exchange(dirty_, true)) shard_.add_dirty(*this);
}

void Client::flush_events() {
  dirty_ = false;
  for (const auto& [id, channel] : channels_) {
    if (!std::exchange(channel->confirm_due, false)) continue;
    const std::uint64_t up_to = channel->tracker.complete_up_to();
    if (up_to == channel->confirmed) continue;
    shard_.totals().confirmed += up_to - channel->confirmed;
    channel->confirmed = up_to;
    events_.push_back(Confirmed{id, up_to});
  }
  if (events_.empty()) return;
  // The session may submit while it is told, which collects new events.
  NARU_CHECK(handing_over_.empty(), "events are handed over one batch at a time");
  handing_over_.swap(events_);
  const std::vector<Slice> kept = std::exchange(kept_, {});
  const std::vector<std::unique_ptr<Delivery>> deliveries = std::exchange(kept_deliveries_, {});
  tell(handing_over_);
  handing_over_.clear();
  // A burst, as of returned messages, is no measure of what comes next.
  const bool is_short = shard_.memory_step() != MemoryStep::normal;
  if (is_short || handing_over_.capacity() > kEventsKept)
    decltype(handing_over_)().swap(handing_over_);
}

}  // namespace naru::core
