#include "core/queue/entry_stage.h"

#include <utility>

#include "base/check.h"
#include "core/queue/lane_facts.h"
#include "core/queue/shared_bodies.h"

namespace naru::core {

namespace {

// Publishes come channel by channel: only the last range can grow.
bool extend(PublishRange& last, const PublishRange& range) {
  if (last.connection != range.connection || last.channel != range.channel ||
      last.last + 1 != range.first)
    return false;
  last.last = range.last;
  return true;
}

}  // namespace

void EntryStage::begin_entry() {
  bytes_max_ = journal_.entry_bytes_max();
  put_entry_head(staged_, false);
}

void EntryStage::make_room(std::size_t fact_bytes) {
  NARU_CHECK(kLaneEntryHeadBytes + fact_bytes <= bytes_max_, "one fact fits an entry");
  if (!references_.empty()) {
    shared_->leave();  // and with it what is staged here
  } else if (atomic_from_ != kNotAtomic) {
    append_front();
  }
  if (staged_.empty()) begin_entry();
  if (staged_.size() + fact_bytes <= bytes_max_) return;
  if (atomic_from_ != kNotAtomic) {
    mark_continued(staged_);
    atomic_continued_ = true;
  }
  append_bytes(staged_.size());
  staged_.clear();
  begin_entry();
}

// What is not part of the atomic run goes ahead; the run moves to the front.
void EntryStage::append_front() {
  if (atomic_from_ == kLaneEntryHeadBytes) return;
  append_bytes(atomic_from_);
  staged_.consume(atomic_from_ - kLaneEntryHeadBytes);
  ByteBuffer head;
  put_entry_head(head, false);
  std::memcpy(staged_.data(), head.data(), kLaneEntryHeadBytes);
  atomic_from_ = kLaneEntryHeadBytes;
}

// Between entries that are one it has to be one of them.
ByteBuffer& EntryStage::alone() {
  alone_.clear();
  put_entry_head(alone_, atomic_continued_);
  return alone_;
}

// What is staged stays where it is, and what refers to shared bodies is still to come behind them.
void EntryStage::append_alone() {
  append_entry(alone_.view(), {});
  alone_.clear();
}

void EntryStage::put_shared(const SharedRecord& record, std::span<const EnqueueTarget> targets) {
  NARU_CHECK(atomic_from_ == kNotAtomic, "an atomic run refers to nothing");
  if (staged_.empty()) begin_entry();  // what was staged may have left since room() was made
  if (references_.empty()) shared_->add_referrer(*this);
  shared_writer_.put(staged_, references_, record, targets);
}

void EntryStage::leave_behind(const Result<void>& bodies) {
  if (!bodies && outcome_) outcome_ = bodies;
  if (atomic_from_ != kNotAtomic) return append_front();
  append_bytes(staged_.size());
  staged_.clear();
}

void EntryStage::atomic_begin() {
  NARU_CHECK(atomic_from_ == kNotAtomic, "atomic runs do not nest");
  if (staged_.empty()) begin_entry();
  set_urgent();  // what is continued in the next entry is never visible before it is committed
  atomic_from_ = staged_.size();
}

void EntryStage::atomic_end() {
  NARU_CHECK(atomic_from_ != kNotAtomic, "an atomic run was begun");
  atomic_from_ = kNotAtomic;
  atomic_continued_ = false;
}

void EntryStage::add_publish(const PublishRange& range) {
  if (new_publishes_ != 0 && extend(publishes_.back(), range)) return;
  publishes_.push_back(range);
  ++new_publishes_;
}

void EntryStage::add_memory_publish(const PublishRange& range) {
  if (!memory_publishes_.empty() && extend(memory_publishes_.back(), range)) return;
  memory_publishes_.push_back(range);
}

void EntryStage::add_barrier(TicketId ticket) {
  set_urgent();
  barriers_.push_back(ticket);
  ++new_barriers_;
}

void EntryStage::keep_spare(bool keeps) {
  keeps_spare_ = keeps;
  trim();
}

void EntryStage::trim() {
  if (staged_.empty() && staged_.capacity() > (keeps_spare_ ? kMuch : kLittle)) staged_.shrink();
}

bool EntryStage::idle() const {
  return staged_.size() <= kLaneEntryHeadBytes && new_publishes_ == 0 && new_barriers_ == 0 &&
         memory_publishes_.empty();
}

/// Appends `count` bytes of what is staged: all that refers to shared bodies is among them.
void EntryStage::append_bytes(std::size_t count) {
  shared_writer_.close();
  append_entry(staged_.view().first(count), references_);
  references_.clear();
}

void EntryStage::append_entry(ByteView entry, std::span<const std::uint32_t> references) {
  if (!outcome_) return;
  auto position = journal_.append(group_, entry, urgency_, references);
  if (position) {
    appended_ = position->index;
  } else {
    outcome_ = std::unexpected(std::move(position).error());
  }
}

Result<void> EntryStage::append(LaneSink& sink) {
  NARU_CHECK(atomic_from_ == kNotAtomic, "an atomic run ends in its turn");
  if (!references_.empty()) shared_->leave();
  if (staged_.size() > kLaneEntryHeadBytes) append_bytes(staged_.size());
  staged_.clear();
  trim();
  if (alone_.capacity() != 0) alone_ = {};  // needed rarely, and large
  urgency_ = Urgency::later;
  if (!outcome_) return outcome_;

  if (new_publishes_ != 0 || new_barriers_ != 0) {
    const InFlight flight{appended_, new_publishes_, new_barriers_};
    new_publishes_ = new_barriers_ = 0;
    in_flight_.push_back(flight);
    if (appended_ <= committed_) committed(committed_, sink);  // nothing is on its way
  }
  if (!memory_publishes_.empty()) {
    telling_.swap(memory_publishes_);
    sink.on_published(telling_);
    telling_.clear();
  }
  return outcome_;
}

void EntryStage::committed(Index index, LaneSink& sink) {
  committed_ = index;
  std::size_t publishes = 0;
  std::size_t barriers = 0;
  while (!in_flight_.empty() && in_flight_.front().index <= index) {
    const InFlight front = in_flight_.front();
    if (front.told) {
      tell(std::exchange(publishes, 0), std::exchange(barriers, 0), sink);
      publishes_.pop_front(front.publishes);
    } else {
      publishes += front.publishes;
    }
    barriers += front.barriers;  // those are never told early
    in_flight_.pop_front();
  }
  tell(publishes, barriers, sink);
}

void EntryStage::written(Index index, LaneSink& sink) {
  std::size_t before = 0;
  for (InFlight& flight : in_flight_.all()) {
    if (flight.index > index) return;
    if (flight.index == index && !std::exchange(flight.told, true)) {
      return tell_publishes(before, flight.publishes, sink);
    }
    before += flight.publishes;
  }
}

// The sink may stage more while it is told, so what it is told is taken out first.
void EntryStage::tell(std::size_t publishes, std::size_t barriers, LaneSink& sink) {
  if (publishes != 0) {
    const auto ranges = publishes_.all().first(publishes);
    telling_.assign(ranges.begin(), ranges.end());
    publishes_.pop_front(publishes);
    sink.on_published(telling_);
    telling_.clear();
  }
  if (barriers != 0) {
    const auto tickets = barriers_.all().first(barriers);
    telling_barriers_.assign(tickets.begin(), tickets.end());
    barriers_.pop_front(barriers);
    for (const TicketId ticket : telling_barriers_) sink.on_barrier(ticket);
    telling_barriers_.clear();
  }
}

void EntryStage::tell_publishes(std::size_t begin, std::size_t count, LaneSink& sink) {
  if (count == 0) return;
  const auto ranges = publishes_.all().subspan(begin, count);
  telling_.assign(ranges.begin(), ranges.end());
  sink.on_published(telling_);
  telling_.clear();
}

}  // namespace naru::core
