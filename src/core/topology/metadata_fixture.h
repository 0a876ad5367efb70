#pragma once
/// Metadata over a journal that commits when told to, and a broadcaster that may take its time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "core/topology/facts.h"
#include "core/topology/metadata.h"

namespace naru::core {

/// Keeps what was appended; commit() applies it.
class HandJournal final : public Journal {
 public:
  void attach(GroupId, GroupState&) override {}
  Result<Position> append(GroupId group, ByteView payload, Urgency,
                          std::span<const std::uint32_t>) override {
    EXPECT_EQ(group, kMetadataGroup);
    EXPECT_FALSE(payload.empty());
    EXPECT_LE(payload.size(), entry_max);
    if (refuse) return fail(Errc::io, "the volume has stopped");
    entries.emplace_back(payload.begin(), payload.end());
    return Position{Term(1), Index(entries.size())};
  }
  Result<void> append_bodies(GroupSet, ByteView) override {
    return fail(Errc::internal, "metadata has no bodies");
  }
  std::size_t entry_bytes_max() const override { return entry_max; }
  std::size_t uncommitted_bytes() const override { return 0; }
  std::optional<CachedRun> cached(BodyLocation) override { return std::nullopt; }
  void read(std::span<const BodyRead>, ReadDone) override {}
  void report_damage(const BodyRead&, std::string) override {}
  void adjust_live(std::uint32_t, LiveChange) override {}
  /// The next piece of a snapshot of `state`; true when it was the last one.
  bool go_on_with_snapshot(GroupState& state, std::size_t bytes_max) {
    if (job == nullptr) {
      job = state.begin_snapshot();
      growing.clear();
    }
    if (!job->next(bytes_max, growing)) return false;
    snapshot_covers = job->covers();
    snapshot.assign(growing.data(), growing.data() + growing.size());
    job = nullptr;
    return true;
  }

  /// Everything appended and not yet committed, as the journal would hand it over.
  void commit(GroupState& state) {
    std::vector<Entry> batch;
    for (; committed < entries.size(); ++committed) batch.push_back(entry(committed));
    if (!batch.empty()) state.apply(batch);
  }
  Entry entry(std::size_t at) const {
    Entry result;
    result.group = kMetadataGroup;
    result.term = Term(1);
    result.index = Index(at + 1);
    result.payload = entries[at];
    return result;
  }

  std::vector<std::vector<std::uint8_t>> entries;
  std::size_t committed = 0;
  std::size_t entry_max = 1 << 20;
  bool refuse = false;
  Index snapshot_covers;
  std::vector<std::uint8_t> snapshot;
  std::unique_ptr<SnapshotJob> job;
  ByteBuffer growing;
};

/// The local catalogue gets facts at once; the other shards have them when deliver() says so.
class HandBroadcaster final : public Metadata::Broadcaster {
 public:
  explicit HandBroadcaster(Catalog& catalog) : catalog_(catalog) {}
  void broadcast(std::shared_ptr<const ByteBuffer> facts,
                 std::move_only_function<void()> applied) override {
    ++count;
    const auto result = catalog_.apply(facts->view());
    ASSERT_TRUE(result) << result.error().what;
    if (!hold) return applied();
    held.push_back(std::move(applied));
  }
  void deliver() {
    hold = false;
    for (auto& applied : std::exchange(held, {})) applied();
  }

  bool hold = false;
  int count = 0;
  std::vector<std::move_only_function<void()>> held;

 private:
  Catalog& catalog_;
};

struct RecordingLogger final : Logger {
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

struct NoListener final : Catalog::Listener {
  void on_queue_created(const QueueInfo&) override {}
  void on_queue_deleted(const QueueInfo&) override {}
  void on_tenant_deleted(TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}
};

/// The answer to a change, once it is there.
struct Outcome {
  std::optional<Result<MetadataAnswer>> answer;

  bool done() const { return answer.has_value(); }
  bool ok() const { return done() && answer->has_value(); }
  bool changed() const { return ok() && (*answer)->changed; }
  Error error() const { return done() && !answer->has_value() ? answer->error() : Error{}; }
};

/// A broker whose tenant "/" and guest are there.
class MetadataTest : public testing::Test {
 protected:
  MetadataTest() {
    metadata.on_role(Role::owner, Term(1));
    Actor system;
    system.system = true;
    NARU_CHECK(run(Bootstrap{"hash"}, system).changed(), "bootstrapped");
    tenant = *catalog.find_tenant("/");
    guest = {.principal = {"guest", "administrator"},
             .tenant = tenant,
             .connection = ConnectionId(1),
             .system = false};
    other = guest;
    other.connection = ConnectionId(2);
  }

  std::shared_ptr<Outcome> submit(Metadata::Change change, const Actor& actor) {
    auto outcome = std::make_shared<Outcome>();
    metadata.submit(std::move(change), actor, [outcome](Result<MetadataAnswer> answer) {
      EXPECT_FALSE(outcome->answer) << "answered twice";
      outcome->answer = std::move(answer);
    });
    return outcome;
  }
  std::shared_ptr<Outcome> submit(Metadata::Change change) {
    return submit(std::move(change), guest);
  }
  /// Submits, flushes and commits until it is answered.
  Outcome run(Metadata::Change change, const Actor& actor) {
    const auto outcome = submit(std::move(change), actor);
    turn();
    EXPECT_TRUE(outcome->done());
    return *outcome;
  }
  Outcome run(Metadata::Change change) { return run(std::move(change), guest); }
  Error error(Metadata::Change change) { return run(std::move(change)).error(); }
  Error error(Metadata::Change change, const Actor& actor) {
    return run(std::move(change), actor).error();
  }
  void turn() {
    metadata.flush();
    journal.commit(metadata);
    while (metadata.wants_flush()) {
      metadata.flush();
      journal.commit(metadata);
    }
  }

  static DeclareQueue durable(std::string name, message::Table arguments = {}) {
    DeclareQueue change;
    change.name = std::move(name);
    change.durable = true;
    change.arguments = std::move(arguments);
    return change;
  }
  static DeclareQueue transient(std::string name) {
    DeclareQueue change;
    change.name = std::move(name);
    return change;
  }
  static DeclareQueue exclusive(std::string name) {
    DeclareQueue change;
    change.name = std::move(name);
    change.exclusive = true;
    return change;
  }
  static DeclareExchange exchange(std::string name, std::string type, bool is_durable = true) {
    DeclareExchange change;
    change.name = std::move(name);
    change.type = std::move(type);
    change.durable = is_durable;
    return change;
  }
  static Bind bind(std::string source, std::string queue, std::string key = {}) {
    Bind change;
    change.source = std::move(source);
    change.destination = std::move(queue);
    change.routing_key = std::move(key);
    return change;
  }
  static Bind bind_exchange(std::string source, std::string destination) {
    Bind change;
    change.source = std::move(source);
    change.destination = std::move(destination);
    change.to_exchange = true;
    return change;
  }
  static Unbind unbind(std::string source, std::string queue, std::string key = {}) {
    Unbind change;
    change.source = std::move(source);
    change.destination = std::move(queue);
    change.routing_key = std::move(key);
    return change;
  }

  const QueueInfo* queue(std::string_view name) const { return catalog.find_queue(tenant, name); }
  const ExchangeInfo* exchange_there(std::string_view name) const {
    return catalog.find_exchange(tenant, name);
  }
  /// A user with these patterns in "/".
  Actor user(const std::string& name, std::string configure, std::string write, std::string read) {
    EXPECT_TRUE(run(PutUserHashed{name, "hash", ""}).ok());
    EXPECT_TRUE(
        run(PutPermission{name, "/", std::move(configure), std::move(write), std::move(read)})
            .ok());
    Actor actor = guest;
    actor.principal = {name, ""};
    return actor;
  }

  HandJournal journal;
  NoListener listener;
  Catalog catalog{listener};
  HandBroadcaster broadcaster{catalog};
  Random random{1};
  RecordingLogger log;
  Metadata metadata{journal, catalog, broadcaster, random};
  TenantId tenant;
  Actor guest;
  Actor other;  // guest on another connection
};

}  // namespace naru::core
