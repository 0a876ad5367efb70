#include "core/topology/metadata.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "base/check.h"
#include "core/topology/decider.h"
#include "core/topology/facts.h"
#include "core/topology/name_locks.h"

namespace naru::core {

namespace {

/// Ids are reserved ahead in runs of this many: what is transient takes ids without being logged,
/// and after a restart none of them may be given out again.
constexpr std::uint64_t kIdsPerReservation = 1u << 20;

/// Changes that may wait for earlier ones of their names; more are refused, the broker's own
/// excepted. One connection has few: its channels wait for their answers.
constexpr std::size_t kWaitingMax = 16'384;

/// A change on its way. Until it is decided it waits in `waiting`; then it is in exactly one of:
/// staged for this turn, in flight to the journal, or broadcast.
struct Pending {
  Metadata::Change change;
  Actor actor;
  Metadata::Done done;
  Decision decision;
};
using Pendings = std::vector<std::unique_ptr<Pending>>;

struct InFlight {
  Position position;
  Pendings changes;
};

struct Answer {
  Metadata::Done done;
  Result<MetadataAnswer> result;
};

}  // namespace

class Metadata::Impl {
 public:
  Impl(Journal& journal, Catalog& catalog, Broadcaster& broadcaster, Random& random)
      : journal_(journal),
        catalog_(catalog),
        broadcaster_(broadcaster),
        decider_(catalog, random) {}

  void submit(Change change, Actor actor, Done done);
  bool wants_flush() const { return !to_log_.empty() || !to_broadcast_.empty(); }
  void flush();
  void apply(std::span<const Entry> committed);
  void on_role(Role role);
  Result<void> install(Index covers, SnapshotParts& parts);
  std::unique_ptr<SnapshotJob> begin_snapshot();

  bool anything_logged = false;

 private:
  class Snapshot;

  bool settle(std::unique_ptr<Pending>& pending, std::vector<Answer>& answers);
  void retry_waiting(std::vector<Answer>& answers);
  void stage(std::unique_ptr<Pending> pending);
  void log_staged();
  void append(ByteBuffer& entry, Pendings changes);
  void broadcast(ByteBuffer facts, Pendings changes);
  void finish(Pendings changes);
  void refuse(Pendings changes, const Error& error);
  void take_committed(const Entry& entry, ByteBuffer& facts, Pendings& changes);

  Journal& journal_;
  Catalog& catalog_;
  Broadcaster& broadcaster_;
  Decider decider_;
  NameLocks locks_;
  std::deque<std::unique_ptr<Pending>> waiting_;
  Pendings to_log_;
  Pendings to_broadcast_;
  std::deque<InFlight> in_flight_;
  Index applied_;
  Index as_of_;                                               // of the snapshot that was installed
  const std::shared_ptr<std::vector<Snapshot*>> snapshots_ =  // that are being made
      std::make_shared<std::vector<Snapshot*>>();
  bool owner_ = false;
};

/// The catalogue's facts, and as of which entry they are.
class Metadata::Impl::Snapshot final : public SnapshotJob {
 public:
  explicit Snapshot(Impl& metadata)
      : metadata_(metadata),
        covers_(metadata.applied_),
        facts_(metadata.catalog_.begin_snapshot()),
        listed_in_(metadata.snapshots_) {
    listed_in_->push_back(this);
  }
  ~Snapshot() override { std::erase(*listed_in_, this); }

  void note(ByteView facts) { facts_->note(facts); }
  Index covers() const override { return covers_; }
  bool next(std::size_t bytes_max, ByteBuffer& out) override {
    if (!facts_->next(bytes_max, out)) return false;
    encode(out, SnapshotAsOf{metadata_.applied_});
    return true;
  }

 private:
  Impl& metadata_;
  const Index covers_;
  const std::unique_ptr<CatalogSnapshot> facts_;
  const std::shared_ptr<std::vector<Snapshot*>> listed_in_;  // outlives metadata
};

namespace {

void answer_all(std::vector<Answer> answers) {
  for (Answer& answer : answers) answer.done(std::move(answer.result));
}

}  // namespace

void Metadata::Impl::submit(Change change, Actor actor, Done done) {
  if (!owner_) return done(fail(Errc::not_owner, "metadata is not owned here yet"));
  auto pending =
      std::make_unique<Pending>(std::move(change), std::move(actor), std::move(done), Decision());
  std::vector<Answer> answers;
  if (!settle(pending, answers)) {
    if (waiting_.size() >= kWaitingMax && !pending->actor.system) {
      return pending->done(fail(Errc::limit, "too many changes wait for earlier ones"));
    }
    locks_.claim(pending->decision.locks);
    waiting_.push_back(std::move(pending));
  }
  answer_all(std::move(answers));
}

/// Decides, and stages what is to happen or answers at once. False when the change has to wait for
/// an earlier one: its decision's locks then say for what.
bool Metadata::Impl::settle(std::unique_ptr<Pending>& pending, std::vector<Answer>& answers) {
  Decision& decision = pending->decision;
  decision = Decision();
  const Result<void> result = decider_.decide(pending->change, pending->actor, decision);
  if (locks_.conflict(decision.locks)) return false;
  if (!result) {
    answers.push_back({std::move(pending->done), std::unexpected(result.error())});
  } else if (decision.empty()) {
    answers.push_back({std::move(pending->done), std::move(decision.answer)});
  } else {
    locks_.hold(decision.locks);
    stage(std::move(pending));
  }
  return true;
}

void Metadata::Impl::stage(std::unique_ptr<Pending> pending) {
  const Decision& decision = pending->decision;
  const bool ids_are_safe = decision.ids_below <= catalog_.ids_reserved();
  const bool needs_log = !decision.logged.empty() || !ids_are_safe;
  (needs_log ? to_log_ : to_broadcast_).push_back(std::move(pending));
}

/// In the order of their arrival: one that still has to wait keeps its names from those behind it.
void Metadata::Impl::retry_waiting(std::vector<Answer>& answers) {
  locks_.clear_claims();
  std::deque<std::unique_ptr<Pending>> waiting = std::exchange(waiting_, {});
  for (auto& pending : waiting) {
    if (!locks_.conflict(pending->decision.locks) && settle(pending, answers)) continue;
    locks_.claim(pending->decision.locks);
    waiting_.push_back(std::move(pending));
  }
}

void Metadata::Impl::flush() {
  // Answers may lead to further changes of the same turn; each round answers some for good.
  while (wants_flush()) {
    if (!to_log_.empty()) log_staged();
    if (to_broadcast_.empty()) continue;
    Pendings changes = std::exchange(to_broadcast_, {});
    ByteBuffer facts;
    for (const auto& pending : changes) facts.append(pending->decision.transient.view());
    broadcast(std::move(facts), std::move(changes));
  }
}

/// Appends all that waits for the log: one entry, or more where one would be too large.
void Metadata::Impl::log_staged() {
  Pendings staged = std::exchange(to_log_, {});
  ByteBuffer entry;
  if (decider_.next_id() + kIdsPerReservation / 2 > catalog_.ids_reserved()) {
    encode(entry, IdsReserved{decider_.next_id() + kIdsPerReservation});
  }
  Pendings changes;
  for (auto& pending : staged) {
    const std::size_t bytes = pending->decision.logged.size();
    if (!changes.empty() && entry.size() + bytes > journal_.entry_bytes_max()) {
      append(entry, std::exchange(changes, {}));
    }
    entry.append(pending->decision.logged.view());
    changes.push_back(std::move(pending));
  }
  append(entry, std::move(changes));
}

void Metadata::Impl::append(ByteBuffer& entry, Pendings changes) {
  const Result<Position> position = journal_.append(kMetadataGroup, entry.view());
  entry.clear();
  if (!position) return refuse(std::move(changes), position.error());
  in_flight_.push_back({*position, std::move(changes)});
}

void Metadata::Impl::apply(std::span<const Entry> committed) {
  ByteBuffer facts;
  Pendings changes;
  for (const Entry& entry : committed) take_committed(entry, facts, changes);
  if (!facts.empty() || !changes.empty()) broadcast(std::move(facts), std::move(changes));
}

void Metadata::Impl::take_committed(const Entry& entry, ByteBuffer& facts, Pendings& changes) {
  applied_ = entry.index;
  if (entry.type != EntryType::records) return;
  anything_logged = true;
  if (entry.index <= as_of_) return;  // at start-up: the snapshot has it already
  for (Snapshot* snapshot : *snapshots_) snapshot->note(entry.payload);
  facts.append(entry.payload);
  if (in_flight_.empty() || in_flight_.front().position.index != entry.index) return;
  NARU_CHECK(in_flight_.front().position.term == entry.term, "an owner's entries are its own");
  for (auto& pending : in_flight_.front().changes) {
    facts.append(pending->decision.transient.view());
    changes.push_back(std::move(pending));
  }
  in_flight_.pop_front();
}

void Metadata::Impl::broadcast(ByteBuffer facts, Pendings changes) {
  broadcaster_.broadcast(
      std::make_shared<const ByteBuffer>(std::move(facts)),
      [this, changes = std::move(changes)]() mutable { finish(std::move(changes)); });
}

void Metadata::Impl::finish(Pendings changes) {
  std::vector<Answer> answers;
  for (const auto& pending : changes) {
    locks_.release(pending->decision.locks);
    answers.push_back({std::move(pending->done), std::move(pending->decision.answer)});
  }
  retry_waiting(answers);
  answer_all(std::move(answers));
}

void Metadata::Impl::refuse(Pendings changes, const Error& error) {
  std::vector<Answer> answers;
  for (const auto& pending : changes) {
    locks_.release(pending->decision.locks);
    answers.push_back({std::move(pending->done), std::unexpected(error)});
  }
  retry_waiting(answers);
  answer_all(std::move(answers));
}

void Metadata::Impl::on_role(Role role) {
  owner_ = role == Role::owner;
  if (owner_) return decider_.start_ids_at(catalog_.ids_reserved());
  // What was appended may still be committed by the next owner: nobody can say.
  const Error unknown{Errc::unavailable, "metadata has another owner now; the outcome is unknown"};
  Pendings lost = std::exchange(to_log_, {});
  for (InFlight& entry : in_flight_) std::ranges::move(entry.changes, std::back_inserter(lost));
  in_flight_.clear();
  std::ranges::move(std::exchange(to_broadcast_, {}), std::back_inserter(lost));
  for (const auto& pending : waiting_) locks_.hold(pending->decision.locks);
  std::ranges::move(std::exchange(waiting_, {}), std::back_inserter(lost));
  refuse(std::move(lost), unknown);
}

// What changed while it was made is in it, too, so it may be many times what it comes to: no more
// of it than a part is held.
Result<void> Metadata::Impl::install(Index covers, SnapshotParts& parts) {
  ByteBuffer rest;  // the last fact may be cut
  for (bool more = true; more;) {
    NARU_TRY(part, parts.next());
    more = !part.empty();
    rest.append(part);
    const ByteView facts = more ? whole_facts(rest.view()) : rest.view();
    NARU_TRY(as_of, check_snapshot(facts));
    if (as_of) as_of_ = *as_of;
    ByteBuffer whole;
    whole.append(facts);
    rest.consume(whole.size());
    if (!whole.empty()) broadcast(std::move(whole), {});
  }
  applied_ = covers;
  anything_logged = true;
  return {};
}

std::unique_ptr<SnapshotJob> Metadata::Impl::begin_snapshot() {
  if (!applied_) return nullptr;
  return std::make_unique<Snapshot>(*this);
}

Metadata::Metadata(Journal& journal, Catalog& catalog, Broadcaster& broadcaster, Random& random)
    : impl_(std::make_unique<Impl>(journal, catalog, broadcaster, random)) {}
Metadata::~Metadata() = default;

void Metadata::submit(Change change, Actor actor, Done done) {
  impl_->submit(std::move(change), std::move(actor), std::move(done));
}

bool Metadata::empty() const {
  return !impl_->anything_logged;
}

bool Metadata::wants_flush() const {
  return impl_->wants_flush();
}

void Metadata::flush() {
  impl_->flush();
}

Result<void> Metadata::check(ByteView payload) const {
  return check_facts(payload);
}

void Metadata::apply(std::span<const Entry> committed) {
  impl_->apply(committed);
}

void Metadata::on_role(Role role, Term) {
  impl_->on_role(role);
}

Result<void> Metadata::install(Index covers, ByteView snapshot) {
  PartInMemory whole(snapshot);
  return impl_->install(covers, whole);
}

Result<void> Metadata::install_parts(Index covers, SnapshotParts& parts) {
  return impl_->install(covers, parts);
}

std::unique_ptr<SnapshotJob> Metadata::begin_snapshot() {
  return impl_->begin_snapshot();
}

namespace {

std::size_t bytes_of(const std::string& text) {
  return text.size();
}
std::size_t bytes_of(const std::optional<std::string>& text) {
  return text ? text->size() : 0;
}
std::size_t bytes_of(const message::Table& arguments) {
  return message::memory_bytes(arguments);
}
std::size_t sum_of(const auto&... parts) {
  return (std::size_t{0} + ... + bytes_of(parts));
}

/// What there is of a change beside its own size.
struct BytesBeside {
  std::size_t operator()(const DeclareExchange& it) const {
    return sum_of(it.name, it.type, it.arguments);
  }
  std::size_t operator()(const DeclareQueue& it) const { return sum_of(it.name, it.arguments); }
  std::size_t operator()(const Bind& it) const { return of_binding(it); }
  std::size_t operator()(const Unbind& it) const { return of_binding(it); }
  std::size_t operator()(const PutUserHashed& it) const {
    return sum_of(it.name, it.password_hash, it.tags);
  }
  std::size_t operator()(const PutPermission& it) const {
    return sum_of(it.user, it.tenant, it.configure, it.write, it.read);
  }
  std::size_t operator()(const DeletePermission& it) const { return sum_of(it.user, it.tenant); }
  std::size_t operator()(const Bootstrap& it) const { return sum_of(it.guest_password_hash); }
  std::size_t operator()(const DeleteQueueById&) const { return 0; }
  std::size_t operator()(const DropConnection&) const { return 0; }
  std::size_t operator()(const auto& it) const { return sum_of(it.name); }

 private:
  static std::size_t of_binding(const auto& it) {
    return sum_of(it.source, it.destination, it.routing_key, it.arguments);
  }
};

}  // namespace

std::size_t bytes_under_way(const Metadata::Change& change) {
  constexpr std::size_t kCopies = 4;
  return kCopies * (sizeof(change) + std::visit(BytesBeside{}, change));
}

}  // namespace naru::core
