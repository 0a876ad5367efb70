#include "history.h"

#include <algorithm>
#include <utility>

namespace naru::faults {
namespace {

constexpr const char* kOutcomes[] = {"unsent", "sent", "confirmed", "refused", "unknown"};
constexpr std::size_t kViolationsKept = 10;
// The broker may know already that a connection ended, and we learn it only within this time, then
// by reading.
constexpr std::uint64_t kFarewellMs = 5'000;

}  // namespace

History::History(const Source& source, std::uint32_t run, Order order)
    : source_(source),
      shape_(source.shape()),
      run_(run),
      order_(order),
      copies_(shape_.publishers),
      reconnects_(shape_.publishers) {}

std::size_t History::copies_of(std::size_t publisher) const {
  return source_.to_all_queues(publisher) ? shape_.queues : 1;
}

MessageId History::id_of(CopyRef copy) const {
  return {run_, copy.publisher, copy.slot / copies_of(copy.publisher)};
}

std::string History::name_of(CopyRef copy) const {
  std::string name = id_of(copy).text();
  const std::size_t copies = copies_of(copy.publisher);
  if (copies > 1) name += " in queue " + std::to_string(copy.slot % copies);
  if (!source_.persistent(copy.publisher, copy.slot / copies)) name += " (transient)";
  return name;
}

void History::trace(const char* event, CopyRef copy, std::uint32_t session) const {
  if (trace_) std::fprintf(trace_, "%s %s session %u\n", event, name_of(copy).c_str(), session);
}

void History::sent(std::size_t publisher, std::size_t number) {
  const std::size_t copies = copies_of(publisher);
  auto& slots = copies_[publisher];
  if (slots.size() != number * copies) violation("the client's own fault: numbers have a gap");
  const auto epoch = static_cast<std::uint16_t>(crashes_.size());
  slots.resize((number + 1) * copies, {.outcome = Outcome::sent, .sent_epoch = epoch});
  ++counts_.sent;
}

void History::reconnected(std::size_t publisher) {
  reconnects_[publisher].push_back(copies_[publisher].size() / copies_of(publisher));
}

void History::answered(std::size_t publisher, std::size_t number, Outcome outcome) {
  const std::size_t copies = copies_of(publisher);
  for (std::size_t each = 0; each < copies; ++each) {
    const CopyRef ref{publisher, number * copies + each};
    Copy& copy = at(ref);
    if (copy.outcome != Outcome::sent) violation(name_of(ref) + " was answered twice");
    copy.outcome = outcome;
    trace(kOutcomes[static_cast<std::size_t>(outcome)], ref, 0);
    if (outcome == Outcome::ok && !copy.acked) owe(ref);
    if (outcome == Outcome::failed && copy.arrivals > 0) {
      violation(name_of(ref) + " was refused and arrived");
    }
  }
  if (outcome == Outcome::ok) ++counts_.ok;
  if (outcome == Outcome::failed) ++counts_.failed;
  if (outcome == Outcome::unknown) ++counts_.unknown;
}

Session History::begin_session() {
  living_sessions_.insert(++sessions_);
  return {sessions_, std::vector<std::int64_t>(shape_.publishers * shape_.queues, -1)};
}

void History::end_session(const Session& session, bool orderly) {
  if (trace_) std::fprintf(trace_, "%s session %u\n", orderly ? "parted" : "lost", session.number);
  if (!orderly) {
    lost_sessions_.insert(session.number);
    std::erase_if(late_, [&](const auto& each) { return each.second == session.number; });
  }
  living_sessions_.erase(session.number);
  std::erase_if(suspicions_, [&](const Suspicion& each) {
    if (each.holder != session.number) return false;
    if (each.acked && orderly) violation(each.text);
    return true;
  });
}

std::optional<CopyRef> History::find(const Delivery& delivery) {
  const auto id = MessageId::parse(delivery.message_id);
  const bool ours = id && id->run == run_ && id->publisher < shape_.publishers;
  const std::size_t copies = ours ? copies_of(id->publisher) : 1;
  if (!ours || id->number * copies >= copies_[id->publisher].size()) {
    violation("a message nobody sent in this run: " + std::string(delivery.message_id));
    return std::nullopt;
  }
  if (delivery.queue >= shape_.queues ||
      (copies == 1 && delivery.queue != source_.queue(id->publisher, id->number))) {
    violation(id->text() + " arrived from another queue");
    return std::nullopt;
  }
  if (delivery.body != source_.body(id->publisher, id->number)) {
    violation(id->text() + " arrived with another body");
  }
  return CopyRef{id->publisher, id->number * copies + (copies > 1 ? delivery.queue : 0)};
}

std::optional<CopyRef> History::delivered(Session& session, const Delivery& delivery,
                                          std::uint64_t now) {
  const auto ref = find(delivery);
  if (!ref) return std::nullopt;
  ++counts_.delivered;
  trace(delivery.redelivered ? "redelivered" : "delivered", *ref, session.number);
  Copy& copy = at(*ref);
  if (copy.outcome == Outcome::failed) violation(name_of(*ref) + " was refused and arrived");
  if (read_late(session, copy, *ref, delivery.redelivered)) return ref;
  check_repetition(copy, *ref, delivery.redelivered);
  check_order(session, *ref, delivery);
  if (copy.acked) {
    check_resurrection(session, copy, *ref, delivery.redelivered, now);
  } else if (copy.session != 0) {
    suspicions_.push_back({name_of(*ref) + " was in two hands at once", copy.session, now});
  }
  if (copy.arrivals == 0 && copy.outcome == Outcome::unknown) ++counts_.unknown_arrived;
  if (copy.arrivals < 255) ++copy.arrivals;
  copy.acked = false;
  copy.session = session.number;
  owe(*ref);
  return ref;
}

// Each copy is delivered once without the flag. A broker that ends closes one connection after the
// other and hands on what the first ones held; who of us reads first is chance. So this may have
// been sent before all that was read of the copy, if its connection turns out to be lost; what the
// others did with it stands.
bool History::read_late(const Session& session, Copy& copy, CopyRef ref, bool redelivered) {
  if (redelivered || std::exchange(copy.unflagged, true) || copy.arrivals == 0) return false;
  late_.emplace_back(name_of(ref), session.number);
  if (copy.arrivals < 255) ++copy.arrivals;
  return true;
}

void History::check_repetition(const Copy& copy, CopyRef ref, bool redelivered) {
  if (copy.arrivals == 0) {
    if (redelivered) ++counts_.flagged_needlessly;
    return;
  }
  if (redelivered) {
    ++counts_.duplicates;
    return;
  }
  came_unflagged(name_of(ref));
}

void History::came_unflagged(const std::string& name) {
  ++counts_.unflagged;
  violation(name + " arrived again without the redelivered flag");
}

// The broker may have ended another's connection with the acknowledgement unread, and we have not
// read of that end yet.
void History::check_resurrection(const Session& session, const Copy& copy, CopyRef ref,
                                 bool redelivered, std::uint64_t now) {
  const bool crashed = crashes_.size() > copy.acked_epoch;
  if (!may_come_back(copy)) {
    std::string text =
        name_of(ref) + " came back although it was acknowledged, and nothing crashed";
    if (copy.session != session.number && living_sessions_.contains(copy.session)) {
      suspicions_.push_back({std::move(text), copy.session, now, true});
    } else {
      violation(std::move(text));
    }
  }
  if (!redelivered) return;  // reported as a repetition
  ++counts_.resurrected;
  if (!crashed) return;
  const std::uint64_t age = crashes_[copy.acked_epoch] - copy.acked_at;
  counts_.resurrected_age_ms = std::max(counts_.resurrected_age_ms, age);
}

void History::check_order(Session& session, CopyRef copy, const Delivery& delivery) {
  const MessageId id = id_of(copy);
  auto& last = session.last_numbers[id.publisher * shape_.queues + delivery.queue];
  const auto number = static_cast<std::int64_t>(id.number);
  if (delivery.redelivered && order_ == Order::of_first_deliveries) return;
  if (last >= number) {
    if (was_overtaken(id.publisher, id.number, static_cast<std::size_t>(last))) return;
    violation(name_of(copy) + " came after message " + std::to_string(last) +
              " of its publisher, over one connection");
  }
  last = number;
}

// Sent over an earlier connection than the other, to the same life of the broker.
bool History::was_overtaken(std::size_t publisher, std::size_t number, std::size_t by) const {
  const auto& begins = reconnects_[publisher];
  const auto after = std::ranges::upper_bound(begins, number);
  const std::size_t copies = copies_of(publisher);
  const auto& slots = copies_[publisher];
  return after != begins.end() && *after <= by &&
         slots[number * copies].sent_epoch == slots[by * copies].sent_epoch;
}

void History::settled(const Session& session, CopyRef ref, std::uint64_t now) {
  Copy& copy = at(ref);
  if (copy.session != session.number) return;  // in two hands: a suspicion says so
  trace("acknowledged", ref, session.number);
  copy.acked = true;
  copy.acked_epoch = static_cast<std::uint16_t>(crashes_.size());
  copy.acked_at = static_cast<std::uint32_t>(now);
  pay(copy);
  ++counts_.settled;
}

void History::returned(const Session& session, CopyRef ref) {
  Copy& copy = at(ref);
  if (copy.session != session.number) return;
  trace("returned", ref, session.number);
  copy.session = 0;
  ++counts_.returned;
}

// What a crash may have taken is not waited for, also when the dead broker's last words about it
// are read after the crash.
void History::owe(CopyRef ref) {
  Copy& copy = at(ref);
  if (may_be_gone(ref)) return;
  if (!copy.owed) ++owed_;
  copy.owed = true;
}

bool History::may_be_gone(CopyRef ref) const {
  const Copy& copy = copies_[ref.publisher][ref.slot];
  return crashes_.size() > copy.sent_epoch && !source_.persistent(ref.publisher, id_of(ref).number);
}

void History::pay(Copy& copy) {
  if (copy.owed) --owed_;
  copy.owed = false;
}

// What the disk was not asked to keep may be gone from here on, so nothing waits for it any more.
void History::crash(std::uint64_t now) {
  crashes_.push_back(now);
  if (trace_) std::fprintf(trace_, "crash %zu\n", crashes_.size());
  suspicions_.clear();
  for (std::size_t publisher = 0; publisher < shape_.publishers; ++publisher) {
    for (std::size_t slot = 0; slot < copies_[publisher].size(); ++slot) {
      Copy& copy = copies_[publisher][slot];
      if (copy.owed && may_be_gone({publisher, slot})) pay(copy);
    }
  }
}

void History::caught_up(const Session& session, std::uint64_t now) {
  std::erase_if(suspicions_, [&](const Suspicion& each) {
    if (each.holder != session.number || now < each.since + kFarewellMs) return false;
    violation(each.text);
    return true;
  });
}

void History::finish() {
  for (const auto& [name, session] : std::exchange(late_, {})) came_unflagged(name);
  for (std::size_t publisher = 0; publisher < shape_.publishers; ++publisher) {
    for (std::size_t slot = 0; slot < copies_[publisher].size(); ++slot) {
      finish_copy({publisher, slot});
    }
  }
  for (const Doubt& each : doubts_) finish_doubt(each);
}

// A consumer sees only what is committed: what it saw must not be gone either.
void History::finish_copy(CopyRef ref) {
  const Copy& copy = at(ref);
  if (copy.outcome == Outcome::sent) violation(name_of(ref) + " was never answered");
  if (!must_arrive(copy) || copy.acked) return;
  if (may_be_gone(ref)) {
    ++counts_.transient_lost;
    return;
  }
  ++counts_.lost;
  violation(name_of(ref) +
            (copy.arrivals == 0 ? " was confirmed and is lost"
                                : " was delivered, not acknowledged, and is lost") +
            ", sent in epoch " + std::to_string(copy.sent_epoch));
}

void History::violation(std::string text) {
  ++violation_count_;
  if (trace_) std::fprintf(trace_, "violation: %s\n", text.c_str());
  if (violations_.size() < kViolationsKept) violations_.push_back(std::move(text));
}

}  // namespace naru::faults
