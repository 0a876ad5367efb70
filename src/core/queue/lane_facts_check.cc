// Whether this program understands an entry, fact by fact: asked before any of them is applied.

#include <vector>

#include "core/queue/lane_facts.h"
#include "core/queue/shared_facts.h"

namespace naru::core {

namespace {

std::unexpected<Error> unreadable(bool from_newer) {
  return from_newer ? fail(Errc::version, "a fact of a queue that only a newer Naru knows")
                    : fail(Errc::corrupt, "a fact of a queue that makes no sense");
}

Result<void> check_record(const Fact& fact, ByteView entry) {
  const auto record = message::decode_record(entry.subspan(fact.body_offset, fact.body_bytes));
  if (!record) return unreadable(record.error().code == Errc::version);
  return {};
}

Result<void> check_enqueue(const Fact& fact, ByteView entry) {
  NARU_TRY_VOID(check_record(fact, entry));
  TargetReader targets = fact.targets();
  for (EnqueueTarget target; targets.next(target);) {
  }
  if (!targets.ok()) return unreadable(targets.from_newer());
  return {};
}

Result<void> check_ranges(const Fact& fact) {
  RangeReader ranges = fact.ranges();
  for (SeqRange range; ranges.next(range);) {
  }
  if (!ranges.ok()) return unreadable(false);
  return {};
}

}  // namespace

Result<void> check_lane_entry(ByteView entry) {
  // Nothing of the first version was ever released.
  if (!entry.empty() && entry[0] != 0 && entry[0] < kLaneEntryVersion)
    return fail(Errc::not_implemented, "a fact of a queue in a form that no release wrote");
  FactReader reader(entry);
  Fact fact;
  std::vector<RecordPlace> places;
  while (reader.next(fact)) {
    switch (fact.type) {
      case FactType::enqueue:
      case FactType::enqueue_chain:
        NARU_TRY_VOID(check_enqueue(fact, entry));
        break;
      case FactType::shared_enqueue:
        NARU_TRY_VOID(check_shared_enqueue(fact));
        break;
      case FactType::shared_record:
        NARU_TRY_VOID(check_record(fact, entry));
        NARU_TRY_VOID(check_shared_targets(fact));
        break;
      case FactType::page:
        if (!read_page_places(entry.subspan(fact.body_offset, fact.body_bytes), places))
          return unreadable(false);
        break;
      case FactType::settle:
      case FactType::returned:
      case FactType::purge:
        NARU_TRY_VOID(check_ranges(fact));
        break;
      case FactType::delivered:
      case FactType::queue_closed:
      case FactType::fragment:
        break;
    }
  }
  if (!reader.ok()) return unreadable(reader.from_newer());
  return {};
}

Result<void> check_lane_bodies(ByteView bodies) {
  NARU_TRY_VOID(check_lane_entry(bodies));
  FactReader reader(bodies);
  for (Fact fact; reader.next(fact);) {
    if (fact.type != FactType::shared_record)
      return fail(Errc::corrupt, "a fact of a queue among bodies that several groups refer to");
  }
  return {};
}

}  // namespace naru::core
