#include "core/queue/shared_bodies.h"

#include <utility>

#include "base/check.h"
#include "core/queue/entry_stage.h"
#include "core/queue/lane.h"
#include "core/queue/shared_facts.h"

namespace naru::core {

void SharedBodies::enqueue(std::span<const LaneQueues> lanes, const message::RecordRun& run,
                           const PublishRange& publisher, const Now& now) {
  if (lanes.size() < options_.lanes_min || lanes.front().lane->in_atomic()) {
    for (const LaneQueues& to : lanes) to.lane->enqueue(to.queues, run, publisher, now);
    return;
  }
  message::RecordView record = run.first;
  PublishRange one = publisher;
  for (std::size_t i = 0; i < run.size(); ++i) {
    record.body = run.body(i);
    if (publisher.first != 0) one.first = one.last = publisher.first + i;
    enqueue_one(lanes, record, one, now);
  }
}

void SharedBodies::enqueue_one(std::span<const LaneQueues> lanes, const message::RecordView& record,
                               const PublishRange& publisher, const Now& now) {
  const bool is_small = message::encoded_bytes(record) < options_.record_bytes_min;
  if (is_small || lanes.front().lane->is_large(record.body)) {
    for (const LaneQueues& to : lanes) to.lane->enqueue(to.queues, record, publisher, now);
    return;
  }
  std::size_t logging = 0;
  targets_.clear();
  for (const LaneQueues& to : lanes) {
    const auto logged = to.lane->plan(to.queues, record, now);
    targets_.insert(targets_.end(), logged.begin(), logged.end());
    if (!logged.empty()) ++logging;
  }
  if (logging < options_.lanes_min || targets_.size() > kTargetsPerFactMax) {
    for (const LaneQueues& to : lanes) to.lane->stage_planned(record, nullptr, publisher);
    return;
  }
  // Before the record is there: who appends early now does not refer to it.
  for (const LaneQueues& to : lanes) to.lane->make_shared_room();
  const SharedRecord shared = put(record);
  for (const LaneQueues& to : lanes) to.lane->stage_planned(record, &shared, publisher);
}

SharedRecord SharedBodies::put(const message::RecordView& record) {
  const std::size_t bytes = shared_record_fact_bytes_max(targets_.size(), record);
  const std::size_t bytes_max = journal_.entry_bytes_max();
  NARU_CHECK(kLaneEntryHeadBytes + bytes <= bytes_max, "one fact fits an entry");
  if (staged_.size() + bytes > bytes_max) leave();
  if (staged_.empty()) put_entry_head(staged_, false);
  return {.bodies = number_,
          .offset = put_shared_record(staged_, targets_, record),
          .bytes = static_cast<std::uint32_t>(message::encoded_bytes(record)),
          .persistent = record.persistent};
}

void SharedBodies::add_referrer(EntryStage& stage) {
  groups_.add(stage.group());
  referrers_.push_back(&stage);
}

void SharedBodies::leave() {
  if (staged_.empty()) return;
  leaving_.swap(referrers_);
  const Result<void> appended =
      journal_.append_bodies(std::exchange(groups_, GroupSet()), staged_.view());
  staged_.clear();
  ++number_;
  for (EntryStage* stage : leaving_) stage->leave_behind(appended);
  leaving_.clear();
}

}  // namespace naru::core
