// What one message costs in a lane: enqueue, apply, dispatch and settle, without disk and network.
//
//   naru_lane_bench [MESSAGES [BODY_BYTES [logged|transient|no-ack [QUEUES]]]]
//
// Prints nanoseconds and allocations per message. For instructions, run it under
// `valgrind --tool=callgrind --toggle-collect='*run_turns*'`.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "core/queue/lane.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace naru::core {
namespace {

/// Keeps the last entries in one block and commits when it is told.
class BenchJournal final : public Journal {
 public:
  void attach(GroupId, GroupState& state) override { state_ = &state; }
  Result<Position> append(GroupId group, ByteView payload, Urgency,
                          std::span<const std::uint32_t>) override {
    if (used_ + payload.size() > kBlockBytes) {
      ++file_;
      used_ = 0;
    }
    std::uint8_t* at = block_->data() + used_;
    std::memcpy(at, payload.data(), payload.size());
    entries_.push_back({group, Term(1), Index(++index_), EntryType::records,
                        ByteView(at, payload.size()),
                        BodyLocation{file_, static_cast<std::uint32_t>(used_)}, &block_});
    used_ += payload.size();
    bytes += payload.size();
    return Position{Term(1), Index(index_)};
  }
  Result<void> append_bodies(GroupSet, ByteView) override { std::abort(); }
  std::size_t entry_bytes_max() const override { return 256u << 10; }
  std::size_t uncommitted_bytes() const override { return 0; }
  std::optional<CachedRun> cached(BodyLocation at) override {
    if (at.file != file_) return std::nullopt;
    return CachedRun{file_, 0, Slice{block_, ByteView(block_->data(), used_)}};
  }
  void read(std::span<const BodyRead>, ReadDone) override { std::abort(); }
  void report_damage(const BodyRead&, std::string) override { std::abort(); }
  void adjust_live(std::uint32_t, LiveChange) override {}

  void commit() {
    state_->apply(entries_);
    entries_.clear();
  }
  std::size_t bytes = 0;

 private:
  static constexpr std::size_t kBlockBytes = 1u << 20;
  GroupState* state_ = nullptr;
  BlockRef block_ = BlockRef::make(kBlockBytes);
  std::size_t used_ = 0;
  std::uint32_t file_ = 1;
  std::uint64_t index_ = 0;
  std::vector<Entry> entries_;
};

class BenchSink final : public LaneSink {
 public:
  void on_flush_wanted(GroupId) override { flush_wanted = true; }
  void on_published(std::span<const PublishRange> done) override {
    for (const PublishRange& range : done) published += range.last - range.first + 1;
  }
  bool takes_now(ConnectionId) override { return true; }
  void on_deliveries(ConnectionId, const Deliveries& deliveries, std::uint32_t) override {
    delivered += deliveries.batch.size();
    for (const Delivery& it : deliveries.batch) body_bytes += it.record.body.size();
    last.push_back(
        {deliveries.queue.id, deliveries.batch.front().seq, deliveries.batch.back().seq});
  }
  void on_consumer_cancelled(ConsumerKey) override {}
  void on_barrier(TicketId) override {}
  void on_got(TicketId, const Got&) override {}
  void on_queue_unused(QueueRef) override {}
  void on_damaged(const DamagedRecords&) override {}

  struct Range {
    QueueId queue;
    Seq first, last;
  };
  bool flush_wanted = false;
  std::vector<Range> last;
  std::size_t published = 0;
  std::size_t delivered = 0;
  std::size_t body_bytes = 0;
};

struct Bench {
  BenchJournal journal;
  BenchSink sink;
  Lane lane{GroupId(1), journal, sink, {}};
  std::string body;
  bool persistent = true;
  bool no_ack = false;
  std::uint64_t queues = 1;
  std::uint64_t sequence = 0;
};

// 64 messages per turn, acknowledged in the next one.
void __attribute__((noinline)) run_turns(Bench& bench, std::size_t messages) {
  constexpr std::size_t kPerTurn = 64;
  message::RecordView record;
  record.persistent = bench.persistent;
  record.routing_key = "bench-queue";
  record.body = as_bytes(bench.body);
  const Now now{TimePoint(std::chrono::hours(1)), 1'700'000'000'000};
  for (std::size_t done = 0; done < messages; done += kPerTurn) {
    for (std::size_t i = 0; i < kPerTurn; ++i) {
      const QueueId queue(1 + ++bench.sequence % bench.queues);
      bench.lane.enqueue({&queue, 1}, record,
                         {ConnectionId(1), ChannelId(1), bench.sequence, bench.sequence}, now);
    }
    if (!bench.no_ack) {
      for (const BenchSink::Range& it : bench.sink.last)
        bench.lane.settle(it.queue, it.first, it.last);
    }
    bench.sink.last.clear();
    bench.lane.flush(now);
    bench.journal.commit();
    bench.lane.flush(now);
    bench.journal.commit();
  }
}

int run(int argc, char** argv) {
  const std::size_t messages = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  Bench bench;
  bench.body.assign(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100, 'x');
  const std::string_view mode = argc > 3 ? argv[3] : "logged";
  bench.persistent = mode == "logged";
  bench.no_ack = mode == "no-ack";
  bench.queues = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  bench.journal.attach(GroupId(1), bench.lane);
  bench.lane.on_role(Role::owner, Term(1));
  for (std::uint64_t id = 1; id <= bench.queues; ++id) {
    bench.lane.create_queue(QueueId(id), {.durable = true});
    ConsumerSettings consumer;
    consumer.key = {ConnectionId(1), ConsumerHandle(static_cast<std::uint32_t>(id))};
    consumer.no_ack = bench.no_ack;
    consumer.connection_credit = std::make_shared<ConnectionCredit>(1LL << 60);
    if (!bench.lane.add_consumer(QueueId(id), std::move(consumer), {})) return 1;
  }
  run_turns(bench, 20'000);  // warm
  const std::size_t allocated_before = allocations;
  const auto begin = std::chrono::steady_clock::now();
  run_turns(bench, messages);
  const auto taken = std::chrono::steady_clock::now() - begin;
  const double count = static_cast<double>(messages);
  std::printf("%.*s %zu B: %.0f ns per message, %.4f allocations per message, %.0f logged bytes\n",
              static_cast<int>(mode.size()), mode.data(), bench.body.size(),
              static_cast<double>(std::chrono::nanoseconds(taken).count()) / count,
              static_cast<double>(allocations - allocated_before) / count,
              static_cast<double>(bench.journal.bytes) / (count + 20'000));
  return bench.sink.delivered > messages ? 0 : 1;
}

}  // namespace
}  // namespace naru::core

int main(int argc, char** argv) {
  return naru::core::run(argc, argv);
}
