#pragma once
/// For tests: a lane over a TestingJournal, and a sink that writes down what it is told.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/queue/lane.h"
#include "core/queue/lane_facts.h"
#include "core/queue/shared_bodies.h"
#include "core/queue/testing_journal.h"

namespace naru::core {

struct Received {
  ConsumerKey consumer;
  Seq seq;
  std::string body;
  bool redelivered = false;

  bool operator==(const Received&) const = default;
};

/// Reads large bodies at once, as a session would by and by.
class RecordingSink final : public LaneSink {
 public:
  void on_flush_wanted(GroupId) override { flush_wanted = true; }
  void on_published(std::span<const PublishRange> done) override {
    published.insert(published.end(), done.begin(), done.end());
  }
  bool takes_now(ConnectionId) override { return takes_at_once; }
  void on_deliveries(ConnectionId connection, const Deliveries& deliveries,
                     std::uint32_t leases) override {
    leased += leases;
    for (const Delivery& it : deliveries.batch) {
      std::string body(as_text(it.record.body));
      if (it.stored != nullptr && holds_large) large.push_back(*it.stored);
      if (it.stored != nullptr && !read_body(**it.stored, deliveries.queue.id, it.seq,
                                             no_ack.contains(deliveries.consumer.value), body))
        continue;
      received.push_back(
          {ConsumerKey{connection, deliveries.consumer}, it.seq, std::move(body), it.redelivered});
      if (it.owner == nullptr) continue;
      const BlockRef held = *it.owner;
      const std::uint8_t* begin = held->data();
      NARU_CHECK(it.record.body.data() >= begin &&
                     it.record.body.data() + it.record.body.size() <= begin + held->capacity(),
                 "the owner is that of the body");
      ++owned;
    }
    credit_bytes += deliveries.credit_bytes;
    if (during_deliveries) during_deliveries();
  }
  void on_consumer_cancelled(ConsumerKey consumer) override { cancelled.push_back(consumer); }
  void on_barrier(TicketId ticket) override { barriers.push_back(ticket); }
  void on_got(TicketId ticket, const Got& it) override {
    std::optional<Received> delivery;
    if (it.delivery) {
      std::string body(as_text(it.delivery->record.body));
      const bool whole =
          it.stored == nullptr || read_body(*it.stored, it.queue.id, it.delivery->seq,
                                            no_ack_tickets.contains(ticket.value), body);
      if (whole)
        delivery = Received{{}, it.delivery->seq, std::move(body), it.delivery->redelivered};
    }
    got.push_back({ticket, delivery, it.ready_after});
  }
  void on_queue_unused(QueueRef queue) override { unused.push_back(queue); }
  void on_damaged(const DamagedRecords& records) override { damaged.push_back(records); }

  struct GotAnswer {
    TicketId ticket;
    std::optional<Received> delivery;
    std::uint32_t ready_after = 0;
  };
  bool takes_at_once = false;
  bool flush_wanted = false;
  std::vector<PublishRange> published;
  std::vector<DamagedRecords> damaged;
  std::vector<Received> received;
  std::size_t owned = 0;
  std::int64_t credit_bytes = 0;
  std::int64_t leased = 0;  // since the start
  std::vector<ConsumerKey> cancelled;
  std::vector<TicketId> barriers;
  std::vector<GotAnswer> got;
  std::vector<QueueRef> unused;
  std::function<void()> during_deliveries;

  std::function<Slice(const BodyRead&)> reader;
  Lane* lane = nullptr;
  std::set<std::uint32_t> no_ack;  // consumers that do not acknowledge
  std::set<std::uint64_t> no_ack_tickets;
  bool holds_large = false;  // on to large bodies, as somebody would who reads slowly
  std::vector<std::shared_ptr<const StoredBody>> large;

 private:
  bool read_body(const StoredBody& stored, QueueId queue, Seq seq, bool settles,
                 std::string& body) {
    body.clear();
    for (const BodyRead& part : stored.parts) {
      Slice bytes = reader(guarded(part.location, part.bytes));
      if (!unguard(bytes)) {
        lane->park(queue, seq);
        return false;
      }
      body += as_text(bytes.view);
    }
    if (settles) lane->settle(queue, seq, seq);
    return true;
  }
};

/// One lane with helpers that read like the story of a test. Queues are numbered from 1.
class LaneWorld {
 public:
  static constexpr GroupId kLane{3};

  /// `sharing`: what is stored apart of the lane's entries. By default nothing is, as there is no
  /// other lane.
  explicit LaneWorld(Lane::Options options = {}, SharedBodies::Options sharing = {})
      : options_(options), sharing_(sharing) {
    start({});
  }

  /// The process dies; what is committed survives, and `torn` entries that were written but not
  /// acknowledged. Queues are created anew as metadata would.
  void crash(std::size_t torn = 0) { start(journal->survivors(torn)); }

  /// What a snapshot would hold if the process died and came back now.
  std::vector<std::uint8_t> replayed_state() const {
    TestingJournal other(journal->survivors());
    RecordingSink nobody;
    Lane replayed(kLane, other, nobody, options_);
    other.attach(kLane, replayed);
    for (const auto& [id, settings] : queues_) replayed.create_queue(QueueId(id), settings);
    other.replay();
    return other.state_now();
  }

  void queue(std::uint64_t id, QueueSettings settings = {.durable = true}) {
    queues_[id] = settings;
    lane->create_queue(QueueId(id), settings);
  }
  void delete_queue(std::uint64_t id) {
    queues_.erase(id);
    lane->delete_queue(QueueId(id));
  }

  struct Message {
    std::string body;
    bool persistent = true;
    WallMs expires_at_ms = 0;
    message::Durability durability = message::Durability::fsync;
  };
  /// Publishes with the next sequence of channel 1 of connection 9; `more` are the bodies of a run.
  void publish_to(std::vector<std::uint64_t> queues, const Message& message,
                  std::span<const std::string> more = {}) {
    std::vector<QueueId> ids;
    for (const std::uint64_t id : queues) ids.emplace_back(id);
    message::RecordView record;
    record.persistent = message.persistent;
    record.expires_at_ms = message.expires_at_ms;
    record.durability = message.durability;
    record.exchange = "amq.topic";
    record.routing_key = "a.key";
    record.body = as_bytes(message.body);
    std::vector<ByteView> bodies;
    for (const std::string& body : more) bodies.push_back(as_bytes(body));
    const std::uint64_t first = sequence + 1;
    sequence += 1 + bodies.size();
    const LaneQueues to{lane.get(), ids};
    shared->enqueue({&to, 1}, {record, bodies}, {ConnectionId(9), ChannelId(1), first, sequence},
                    now);
  }
  void publish(std::uint64_t queue, const std::string& body) {
    publish_to({queue}, {body, true, 0});
  }
  void publish_transient(std::uint64_t queue, const std::string& body) {
    publish_to({queue}, {body, false, 0});
  }

  static ConsumerKey key(std::uint32_t handle) {
    return {ConnectionId(100 + handle), ConsumerHandle(handle)};
  }
  Result<void> consume(std::uint64_t queue, std::uint32_t handle, ConsumerSettings settings = {}) {
    if (!settings.key.connection) settings.key.connection = key(handle).connection;
    settings.key.handle = ConsumerHandle(handle);
    if (settings.no_ack) sink->no_ack.insert(handle);
    return lane->add_consumer(QueueId(queue), std::move(settings), now);
  }
  void cancel(std::uint64_t queue, std::uint32_t handle) {
    lane->remove_consumer(QueueId(queue), key(handle), now);
  }
  void settle(std::uint64_t queue, std::uint64_t first, std::uint64_t last = 0) {
    lane->settle(QueueId(queue), Seq(first), Seq(last == 0 ? first : last));
  }
  void requeue(std::uint64_t queue, std::uint64_t first, std::uint64_t last = 0) {
    lane->give_back(QueueId(queue), Seq(first), Seq(last == 0 ? first : last), true);
  }
  void reject(std::uint64_t queue, std::uint64_t first, std::uint64_t last = 0) {
    lane->give_back(QueueId(queue), Seq(first), Seq(last == 0 ? first : last), false);
  }
  TicketId get(std::uint64_t queue, bool no_ack = false) {
    const TicketId ticket(++ticket_);
    if (no_ack) sink->no_ack_tickets.insert(ticket.value);
    lane->get(QueueId(queue), no_ack, ticket, now);
    return ticket;
  }
  TicketId barrier() {
    const TicketId ticket(++ticket_);
    lane->barrier(ticket);
    return ticket;
  }

  /// One turn of the shard: a flush, if it is wanted.
  void flush() {
    if (!std::exchange(sink->flush_wanted, false)) return;
    lane->flush(now);
  }
  /// Turns until nothing is left to do, with a disk that answers.
  void run() {
    for (int turn = 0; turn < 10000; ++turn) {
      if (!sink->flush_wanted && journal->uncommitted() == 0 && journal->reads_pending() == 0)
        return;
      flush();
      journal->commit();
      journal->complete_reads();
    }
    NARU_CHECK(false, "a lane comes to rest");
  }
  void advance(std::uint64_t ms) {
    now.mono += std::chrono::milliseconds(ms);
    now.wall_ms += static_cast<WallMs>(ms);
    if (lane->next_deadline() <= now.mono) lane->on_deadline(now);
  }
  QueueStats stats(std::uint64_t queue) const { return *lane->stats(QueueId(queue)); }

  /// What was received since the last call.
  std::vector<Received> take() { return std::exchange(sink->received, {}); }
  std::vector<std::string> take_bodies() {
    std::vector<std::string> bodies;
    for (Received& it : take()) bodies.push_back(std::move(it.body));
    return bodies;
  }

  /// Whether the sink takes deliveries while they are enqueued.
  void take_at_once(bool at_once = true) { sink->takes_at_once = takes_at_once_ = at_once; }
  const Lane::Options& options() const { return options_; }

  Now now{TimePoint(std::chrono::hours(1)), 1'700'000'000'000};
  std::uint64_t sequence = 0;
  std::unique_ptr<TestingJournal> journal;
  std::unique_ptr<RecordingSink> sink;
  std::unique_ptr<SharedBodies> shared;
  std::unique_ptr<Lane> lane;

 private:
  void start(TestingJournal::Disk disk) {
    const std::size_t bytes_max = journal ? journal->bytes_max : std::size_t{1} << 20;
    const bool caches = !journal || journal->caches;
    const std::size_t entries_per_file = journal ? journal->entries_per_file : 7;
    lane.reset();
    journal = std::make_unique<TestingJournal>(std::move(disk));
    journal->bytes_max = bytes_max;
    journal->caches = caches;
    journal->entries_per_file = entries_per_file;
    sink = std::make_unique<RecordingSink>();
    sink->takes_at_once = takes_at_once_;
    shared = std::make_unique<SharedBodies>(*journal, sharing_);
    lane = std::make_unique<Lane>(kLane, *journal, *sink, options_, shared.get());
    journal->attach(kLane, *lane);
    sink->reader = [log = journal.get()](const BodyRead& read) { return log->stored_bytes(read); };
    sink->lane = lane.get();
    for (const auto& [id, settings] : queues_) lane->create_queue(QueueId(id), settings);
    journal->recover();
  }

  const Lane::Options options_;
  const SharedBodies::Options sharing_;
  std::map<std::uint64_t, QueueSettings> queues_;
  std::uint64_t ticket_ = 0;
  bool takes_at_once_ = false;
};

}  // namespace naru::core
