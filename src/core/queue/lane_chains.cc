// Large bodies: chains of fragments in the log (docs/formats/lane.md).

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

// As large as the options say, but that it fits an entry.
std::size_t Lane::Impl::fragment_bytes() const {
  return std::min(options_.fragment_bytes, journal_.entry_bytes_max() - kAroundFragmentBytes);
}

// ---- Staging ----

// Invisible before the last fact is there, so the fragments need not be kept together: they go
// ahead, each as an entry of its own.
void Lane::Impl::stage_chain(const message::RunEncoder& record, ByteView body) {
  stage_.set_urgent();  // whoever shows what is only written would have to know the fragments
  const ChainId chain = chains_.next_id();
  const std::size_t bytes_max = fragment_bytes();
  const auto put_record = [&] {
    stage_targets(record.bytes({}), [&](ByteBuffer& out, std::span<const EnqueueTarget> targets) {
      put_enqueue_chain(out, targets, record, chain, body.size());
    });
  };
  for (ByteView left = body; !left.empty();) {
    const ByteView part = left.first(std::min(left.size(), bytes_max));
    left = left.subspan(part.size());
    if (left.empty() && NARU_MUTANT(visible_before_last_fragment)) {
      put_record();
      stage_.room(journal_.entry_bytes_max() - kLaneEntryHeadBytes);  // it goes ahead
    }
    put_fragment(stage_.alone(), chain, part);
    stage_.append_alone();
  }
  if (!NARU_MUTANT(visible_before_last_fragment)) put_record();
}

// ---- Applying ----

void Lane::Impl::apply_fragment(const Fact& fact, BodyLocation location) {
  const BodyLocation body{location.file,
                          location.offset + static_cast<std::uint32_t>(fact.body_offset)};
  if (!chains_.add(fact.chain, {body, fact.body_bytes}, live_))
    contradict("a part of a large message that was whole already");
}

// The record is there, unless false. Replayed, its queues may have it from the snapshot already, or
// not any more.
bool Lane::Impl::close_chain(const Fact& fact, BodyLocation location) {
  const BodyLocation head{location.file,
                          location.offset + static_cast<std::uint32_t>(fact.body_offset)};
  const bool closed = chains_.close(fact.chain, {head, fact.body_bytes}, fact.chain_bytes, live_);
  if (!closed) contradict("a large message without all of its parts");
  return closed;
}

void Lane::Impl::need_chain(ChainId chain) {
  if (!chains_.use(chain)) contradict("a record without its large body");
}

// Who read them is gone, perhaps.
void Lane::Impl::sweep_chains() {
  if (!chains_.has_unused()) return;
  chains_.sweep(live_);
  live_.tell(journal_);
}

// ---- Recovery ----

// `may_come`: entries that make the chain are behind the snapshot, perhaps.
bool Lane::Impl::install_body(const NewRecord& record, bool may_come) {
  if ((record.flags & IndexEntry::kChained) == 0) {
    need(record);
    return true;
  }
  return chains_.expect(record.chain(), record.record_bytes, may_come);
}

// All that a snapshot is ahead of was replayed.
Result<void> Lane::Impl::check_whole() const {
  if (chains_.missing() == 0) return {};
  return fail(Errc::corrupt,
              fmt::format("large messages without their bodies: {}", chains_.missing()));
}

// ---- Reading ----

BodyRead Lane::Impl::head_of(ChainId chain) const {
  const ChainTable::BodyPtr* body = chains_.find(chain);
  NARU_CHECK(body != nullptr, "a record's body is there as long as the record");
  return (*body)->head;
}

}  // namespace naru::core
