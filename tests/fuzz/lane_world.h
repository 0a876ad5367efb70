#pragma once
/// A lane with three queues and nobody around it.

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "core/queue/lane.h"
#include "core/queue/testing_journal.h"

namespace naru::fuzz {

constexpr std::uint64_t kQueues = 3;

class Nobody final : public core::LaneSink {
 public:
  void on_flush_wanted(core::GroupId) override {}
  void on_published(std::span<const core::PublishRange>) override {}
  bool takes_now(core::ConnectionId) override { return false; }
  void on_deliveries(core::ConnectionId, const core::Deliveries&, std::uint32_t) override {}
  void on_consumer_cancelled(core::ConsumerKey) override {}
  void on_barrier(core::TicketId) override {}
  void on_got(core::TicketId, const core::Got&) override {}
  void on_queue_unused(core::QueueRef) override {}
  void on_damaged(const core::DamagedRecords&) override {}
};

struct LoneLane {
  core::TestingJournal journal;
  Nobody sink;
  core::Lane lane{core::GroupId(3), journal, sink, {}};

  LoneLane() {
    for (std::uint64_t id = 1; id <= kQueues; ++id) {
      lane.create_queue(core::QueueId(id), {.durable = true, .message_ttl_ms = 1000 * id});
    }
  }
  std::uint64_t ready() const {
    std::uint64_t sum = 0;
    for (std::uint64_t id = 1; id <= kQueues; ++id) sum += lane.stats(core::QueueId(id))->ready;
    return sum;
  }
  /// Every record keeps its body, a large one all of its pieces, and every page itself.
  void check_live_bodies() const {
    const core::LaneMemory held = lane.memory();
    NARU_CHECK(journal.live_bodies() == static_cast<std::int64_t>(ready() - held.chain_uses +
                                                                  held.chain_pieces + held.pages),
               "what is needed is counted");
  }
  std::vector<std::uint8_t> saved() {
    ByteBuffer state;
    const auto job = lane.begin_snapshot();
    NARU_CHECK(job != nullptr && job->next(SIZE_MAX, state), "an applied lane saves a snapshot");
    return {state.data(), state.data() + state.size()};
  }
  /// As the owner, it takes up from there.
  void take_over() {
    lane.on_role(core::Role::owner, core::Term(1));
    lane.flush(Now{TimePoint(std::chrono::hours(1)), 1'700'000'000'000});
  }
};

}  // namespace naru::fuzz
