#include "protocol/amqp091/unacked.h"

#include <iterator>

namespace naru::amqp091 {

namespace {
// Below this a list is not worth compacting.
constexpr std::size_t kSweepMin = 64;
constexpr std::size_t kKeptMax = 2048;  // 80 KiB of a channel
}  // namespace

std::size_t UnackedList::find(std::uint64_t tag) const {
  if (live_ == 0 || tag < entries_[begin_].tag || tag > entries_.back().tag) return kNone;
  // Tags grow by at least one from entry to entry, so the wanted one is here or before.
  const std::uint64_t distance = tag - entries_[begin_].tag;
  const std::size_t last = entries_.size() - 1;
  const std::size_t guess = distance < last - begin_ ? begin_ + distance : last;
  std::size_t at = guess;
  if (entries_[guess].tag != tag) {
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(guess);
    const auto found = std::lower_bound(
        first, end, tag, [](const Unacked& entry, std::uint64_t t) { return entry.tag < t; });
    if (found == end || found->tag != tag) return kNone;
    at = static_cast<std::size_t>(found - entries_.begin());
  }
  return entries_[at].taken ? kNone : at;
}

std::optional<Unacked> UnackedList::take(std::uint64_t tag) {
  const std::size_t at = find(tag);
  if (at == kNone) return std::nullopt;
  const Unacked entry = entries_[at];
  entries_[at].taken = true;
  --live_;
  sweep();
  return entry;
}

// By half: what is not used of it may be there for long.
void UnackedList::grow() {
  entries_.reserve(entries_.size() + entries_.size() / 2 + 1);
  count();
}

void UnackedList::sweep() {
  if (live_ == 0) {
    entries_.clear();
    // A consumer without a bound has had its day.
    if (entries_.capacity() > kKeptMax) entries_.shrink_to_fit();
    count();
    begin_ = 0;
    return;
  }
  while (entries_[begin_].taken) ++begin_;
  const std::size_t dead = entries_.size() - live_;
  if (dead < kSweepMin || dead <= live_) return;
  // At least as many were taken since the last time as are moved now.
  std::erase_if(entries_, [](const Unacked& entry) { return entry.taken; });
  if (entries_.capacity() > kKeptMax && entries_.capacity() / 4 > live_) entries_.shrink_to_fit();
  count();
  begin_ = 0;
}

void UnackedList::put_back(std::vector<Unacked> entries) {
  if (entries.empty()) return;
  take_all([&](const Unacked& entry) { entries.push_back(entry); });
  for (Unacked& entry : entries) entry.taken = false;
  std::sort(entries.begin(), entries.end(),
            [](const Unacked& a, const Unacked& b) { return a.tag < b.tag; });
  live_ = entries.size();
  entries_ = std::move(entries);
  count();
}

}  // namespace naru::amqp091
