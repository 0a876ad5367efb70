// A lane's snapshot: whatever bytes it is made of, the lane installs it or refuses it with an
// error, and what it installed it saves as a snapshot that brings back the same.

#include <cstdint>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/log.h"
#include "core/queue/lane.h"
#include "core/queue/testing_journal.h"

namespace {

using namespace naru;
using namespace naru::core;

constexpr std::uint64_t kQueues = 3;

class Nobody final : public LaneSink {
 public:
  void on_flush_wanted(GroupId) override {}
  void on_published(std::span<const PublishRange>) override {}
  bool takes_now(ConnectionId) override { return false; }
  void on_deliveries(ConnectionId, const Deliveries&) override {}
  void on_consumer_cancelled(ConsumerKey) override {}
  void on_barrier(TicketId) override {}
  void on_got(TicketId, const Got&) override {}
  void on_queue_unused(QueueRef) override {}
  void on_damaged(const DamagedRecords&) override {}
};

struct World {
  TestingJournal journal;
  Nobody sink;
  Lane lane{GroupId(3), journal, sink, {}};

  World() {
    for (std::uint64_t id = 1; id <= kQueues; ++id) {
      lane.create_queue(QueueId(id), {.durable = true, .message_ttl_ms = 1000 * id});
    }
  }
  std::uint64_t ready() const {
    std::uint64_t sum = 0;
    for (std::uint64_t id = 1; id <= kQueues; ++id) sum += lane.stats(QueueId(id))->ready;
    return sum;
  }
  std::vector<std::uint8_t> saved() {
    ByteBuffer state;
    const auto job = lane.begin_snapshot();
    NARU_CHECK(job != nullptr && job->next(SIZE_MAX, state), "an applied lane saves a snapshot");
    return {state.data(), state.data() + state.size()};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World first;
  const auto installed = first.lane.install(Index(7), {data, size});
  if (!installed) {
    NARU_CHECK(!installed.error().what.empty(), "an error says what is wrong");
    return 0;
  }
  const LaneMemory held = first.lane.memory();
  NARU_CHECK(
      first.journal.live_bodies() == static_cast<std::int64_t>(first.ready() - held.chain_uses +
                                                               held.chain_pieces + held.pages),
      "every record keeps its body, a large one all of its pieces, and every page itself");
  if (held.chains_missing != 0) {
    // Replayed entries would bring them. Without them there is no start.
    NARU_CHECK(first.lane.begin_snapshot() == nullptr, "this is the state of no index");
    NARU_CHECK(!first.lane.check_whole(), "who lacks something says so");
    return 0;
  }
  NARU_CHECK(first.lane.check_whole().has_value(), "nothing is missing");
  const auto once = first.saved();
  World second;
  NARU_CHECK(second.lane.install(Index(7), once).has_value(), "what was saved installs");
  NARU_CHECK(second.ready() == first.ready(), "no record more or less");
  NARU_CHECK(second.saved() == once, "saved alike");
  // As the owner, it takes up from there.
  first.lane.on_role(Role::owner, Term(1));
  first.lane.flush(Now{TimePoint(std::chrono::hours(1)), 1'700'000'000'000});
  return 0;
}
