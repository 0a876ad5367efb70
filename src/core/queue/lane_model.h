#pragma once
/// For tests: random work on a lane, and a naive model of what it must do.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/queue/lane_fixture.h"
#include "core/queue/lane_model_records.h"

namespace naru::core {

class LaneModel {
 public:
  explicit LaneModel(std::uint64_t seed) : random_(seed), world_(draw_world(random_)) {
    burst_ = random_.one_in(2) ? 2 : 200;
    world_.take_at_once(random_.one_in(2));
    interval_queue_ = random_.below(3);
    world_.journal->entries_per_file = 1 + random_.below(30);
    // A long queue has settles of many ranges.
    world_.journal->bytes_max = random_.one_in(2) ? 1 << 20 : burst_ > 2 ? 32 << 10 : 2048;
    world_.journal->caches = !random_.one_in(3);
    using enum message::Durability;
    for (std::uint64_t id = 1; id <= kQueues; ++id) {
      world_.queue(
          id, {.durable = id != kQueues, .durability = id == interval_queue_ ? interval : fsync});
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      act();
      if (random_.one_in(3)) turn();
      if (random_.one_in(3)) world_.journal->write(), hear();
      if (random_.one_in(3)) world_.journal->commit(1 + random_.below(3)), hear();
      if (random_.one_in(2)) world_.journal->complete_reads();
      if (world_.journal->is_in_snapshot() ? random_.one_in(2) : random_.one_in(40))
        world_.journal->go_on_with_snapshot(random_.one_in(4) ? SIZE_MAX : random_.below(400));
      if (random_.one_in(20)) retire();
      if (random_.one_in(50)) world_.lane->set_memory_pressure(static_cast<int>(random_.below(4)));
      if (random_.one_in(30)) rest();
      if (random_.one_in(60)) crash();
    }
    rest();
    crash();
    empty_everything();
  }

 private:
  static constexpr std::uint64_t kQueues = 3;
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // queue, number of the publish

  void act() {
    const std::uint64_t dice = random_.below(100);
    if (dice < 30) return publish(random_.one_in(8) ? random_.below(burst_) : 1);
    if (dice < 60) return end_leases(true);
    if (dice < 82) return end_leases(false);
    if (dice < 91) return consume();
    if (dice < 94) return cancel();
    if (dice < 95) return purge();
    get();
  }

  void publish(std::uint64_t count) {
    while (count > 0) {
      const std::uint64_t run = 1 + random_.below(std::min<std::uint64_t>(count, 8));
      publish_run(run);
      count -= run;
    }
  }

  void publish_run(std::uint64_t count) {
    const std::vector<std::uint64_t> queues = draw_queues(random_, kQueues);
    const bool persistent = !random_.one_in(3);
    std::vector<std::string> bodies;
    for (std::uint64_t number = published_ + 1; number <= published_ + count; ++number) {
      bodies.push_back(draw_body(random_, number, world_));
      for (const std::uint64_t id : queues) {
        ModelRecord& record = records_[{id, number}];
        record.logged = persistent && id != kQueues;
        if (record.logged) unstaged_enqueues_.push_back({id, number});
      }
    }
    published_ += count;
    world_.publish_to(queues, {bodies[0], persistent, 0}, std::span(bodies).subspan(1));
    hear();
    EXPECT_EQ(world_.sequence, published_);
  }

  void end_leases(bool settle) {
    if (leased_.empty()) return;
    auto it = leased_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(leased_.size())));
    const std::uint64_t queue = it->first;
    const std::uint64_t first = it->second;
    // As far as the same holder's leases go without one of somebody else's between.
    std::uint64_t last = first;
    const std::uint32_t holder = records_[number_at(queue, first)].holder;
    for (std::size_t more = random_.below(4); more > 0; --more) {
      const auto next = leased_.upper_bound({queue, last});
      if (next == leased_.end() || next->first != queue) break;
      if (records_[number_at(queue, next->second)].holder != holder) break;
      last = next->second;
    }
    if (settle) {
      world_.settle(queue, first, last);
    } else {
      world_.requeue(queue, first, last);
    }
    for (auto at = leased_.lower_bound({queue, first});
         at != leased_.end() && *at <= std::pair(queue, last);) {
      const Key key = number_at(queue, at->second);
      at = leased_.erase(at);
      ModelRecord& record = records_[key];
      const auto consumer = consumers_.find(record.holder);
      if (consumer != consumers_.end()) --consumer->second.leased;
      record.holder = 0;
      if (settle) {
        end(key);
      } else {
        record.state = ModelRecord::State::returned;
      }
    }
  }

  void end(Key key) {
    ModelRecord& record = records_[key];
    record.state = ModelRecord::State::ended;
    if (record.logged) unstaged_ends_.push_back(key);
  }

  void retire() {
    if (random_.one_in(2))
      return world_.journal->retire_files(static_cast<std::uint32_t>(random_.below(4)));
    world_.journal->compact();
  }

  void consume() {
    if (consumers_.size() >= 5) return;
    const std::uint32_t handle = ++handles_;
    ModelConsumer consumer{1 + random_.below(kQueues), static_cast<std::uint32_t>(random_.below(5)),
                           random_.one_in(4), 0};
    ConsumerSettings settings;
    settings.no_ack = consumer.no_ack;
    settings.prefetch = consumer.prefetch;
    settings.priority = static_cast<std::int32_t>(random_.below(2));
    ASSERT_TRUE(world_.consume(consumer.queue, handle, settings));
    consumers_[handle] = consumer;
  }

  void cancel() {
    if (consumers_.empty()) return;
    auto it = consumers_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(consumers_.size())));
    world_.cancel(it->second.queue, it->first);
    consumers_.erase(it);
  }

  void purge() {
    const std::uint64_t queue = 1 + random_.below(kQueues);
    std::uint32_t expected = 0;
    for (auto& [key, record] : records_) {
      if (key.first != queue || record.state == ModelRecord::State::leased ||
          record.state == ModelRecord::State::ended)
        continue;
      ++expected;
      end(key);
    }
    EXPECT_EQ(*world_.lane->purge(QueueId(queue)), expected);
  }

  void get() {
    const std::uint64_t queue = 1 + random_.below(kQueues);
    const bool no_ack = random_.one_in(2);
    gets_[world_.get(queue, no_ack).value] = {queue, no_ack};
  }

  /// One flush; what was staged before it is in the entries that are there after it.
  void turn() {
    world_.flush();
    hear();
    const std::size_t entries = world_.journal->disk().entries.size();
    for (const Key& key : std::exchange(unstaged_enqueues_, {}))
      records_[key].enqueued_by = entries;
    for (const Key& key : std::exchange(unstaged_ends_, {})) records_[key].ended_by = entries;
  }

  void rest() {
    for (int i = 0; i < 5000; ++i) {
      if (!world_.sink->flush_wanted && world_.journal->uncommitted() == 0 &&
          world_.journal->reads_pending() == 0) {
        nobody_waits_in_vain();
        return;
      }
      turn();
      world_.journal->commit();
      world_.journal->complete_reads();
      hear();
    }
    FAIL() << "the lane never comes to rest";
  }

  void nobody_waits_in_vain() {
    for (const auto& [handle, consumer] : consumers_) {
      if (!consumer.no_ack && consumer.prefetch != 0 && consumer.leased >= consumer.prefetch)
        continue;
      for (const auto& [key, record] : records_) {
        EXPECT_FALSE(key.first == consumer.queue && (record.state == ModelRecord::State::waiting ||
                                                     record.state == ModelRecord::State::returned))
            << "record " << key.second << " of queue " << key.first << " is ready, consumer "
            << handle << " has credit";
      }
    }
    EXPECT_TRUE(gets_.empty()) << "a single read was not answered";
  }

  /// Takes in what the sink was told since the last time.
  void hear() {
    for (const PublishRange& range : std::exchange(world_.sink->published, {})) {
      for (std::uint64_t number = range.first; number <= range.last; ++number) {
        EXPECT_TRUE(told_.insert(number).second) << "told twice";
        for (std::uint64_t queue = 1; queue <= kQueues; ++queue) {
          const auto it = records_.find({queue, number});
          if (it != records_.end()) it->second.confirmed = true;
        }
      }
    }
    std::map<std::uint64_t, std::vector<std::pair<std::uint64_t, bool>>> out;  // number, fresh
    std::map<std::uint32_t, std::uint64_t> last_of;
    for (const Received& it : world_.take()) {
      const std::uint32_t handle = it.consumer.handle.value;
      ASSERT_TRUE(consumers_.contains(handle)) << "delivery to a consumer that is gone";
      ModelConsumer& consumer = consumers_[handle];
      const Key key = {consumer.queue, std::stoull(it.body)};
      out[consumer.queue].push_back({key.second, !records_[key].seen_now});
      hand_out(key, it, handle, consumer.no_ack);
      if (!consumer.no_ack) {
        ++consumer.leased;
        EXPECT_TRUE(consumer.prefetch == 0 || consumer.leased <= consumer.prefetch);
      }
    }
    for (auto& answer : std::exchange(world_.sink->got, {})) {
      const auto [queue, no_ack] = gets_.extract(answer.ticket.value).mapped();
      if (!answer.delivery) continue;
      const Key key = {queue, std::stoull(answer.delivery->body)};
      out[queue].push_back({key.second, !records_[key].seen_now});
      hand_out(key, *answer.delivery, 0, no_ack);
    }
    for (const auto& [queue, numbers] : out) in_order(queue, numbers);
  }

  void hand_out(Key key, const Received& it, std::uint32_t holder, bool no_ack) {
    ASSERT_TRUE(records_.contains(key));
    ModelRecord& record = records_[key];
    EXPECT_TRUE(record.state == ModelRecord::State::waiting ||
                record.state == ModelRecord::State::returned)
        << "record " << key.second << " of queue " << key.first << " is leased or settled";
    EXPECT_TRUE(it.redelivered || !record.seen_ever) << "seen before and not flagged";
    EXPECT_TRUE(!it.redelivered || record.seen_ever || crashed_) << "flagged, yet never seen";
    if (record.logged) {
      const std::size_t written = key.first == interval_queue_ ? world_.journal->written() : 0;
      EXPECT_LE(record.enqueued_by, world_.journal->survivors(written).entries.size())
          << "left before its level allows it";
    }
    record.seen_ever = record.seen_now = true;
    record.seq = it.seq.value;
    numbers_[{key.first, record.seq}] = key;
    if (no_ack) return end(key);
    record.state = ModelRecord::State::leased;
    record.holder = holder;
    leased_.insert({key.first, record.seq});
  }

  // What left since the last look is the front of what was ready: nothing smaller stayed behind.
  void in_order(std::uint64_t queue, const std::vector<std::pair<std::uint64_t, bool>>& numbers) {
    std::uint64_t last = 0;
    for (const auto& [number, fresh] : numbers) {
      last = std::max(last, number);
      if (!fresh) continue;
      EXPECT_GT(number, newest_[queue]) << "an older record left after a newer one";
    }
    for (const auto& [number, fresh] : numbers) {
      if (fresh) newest_[queue] = std::max(newest_[queue], number);
    }
    for (auto it = records_.lower_bound({queue, 0});
         it != records_.end() && it->first < Key(queue, last); ++it) {
      EXPECT_NE(it->second.state, ModelRecord::State::returned)
          << "record " << it->first.second << " of queue " << queue << " was passed over";
    }
  }

  void crash() {
    const bool power_lost = random_.one_in(2);
    const std::size_t torn =
        power_lost ? random_.below(3)
                   : std::max<std::size_t>(random_.below(3), world_.journal->written());
    for (auto& [key, record] : records_) {  // power loss may take what was only written
      if (power_lost && key.first == interval_queue_) record.confirmed = false;
    }
    const std::size_t kept = world_.journal->survivors(torn).entries.size();
    replay_says_the_same();
    world_.crash(torn);
    crashed_ = true;
    consumers_.clear();
    leased_.clear();
    numbers_.clear();
    newest_.clear();
    gets_.clear();
    unstaged_enqueues_.clear();
    unstaged_ends_.clear();
    inspect(kept);
  }

  /// A snapshot is a function of what is committed, not of what was in memory.
  void replay_says_the_same() { EXPECT_EQ(world_.journal->state_now(), world_.replayed_state()); }

  /// Looks at everything that is there after a crash, and puts it back.
  void inspect(std::size_t kept) {
    for (std::uint64_t queue = 1; queue <= kQueues; ++queue) {
      ASSERT_TRUE(world_.consume(queue, 1'000'000 + static_cast<std::uint32_t>(queue)));
    }
    world_.run();
    std::map<Key, Received> there;
    std::map<std::uint64_t, std::uint64_t> last;
    for (Received& it : world_.take()) {
      const std::uint64_t queue = it.consumer.handle.value - 1'000'000;
      const std::uint64_t number = std::stoull(it.body);
      EXPECT_GT(number, last[queue]) << "order after a crash";
      last[queue] = number;
      there.emplace(Key{queue, number}, it);
    }
    for (auto it = records_.begin(); it != records_.end();) {
      auto& [key, record] = *it;
      const auto found = there.find(key);
      const bool ended = record.state == ModelRecord::State::ended;
      if (found == there.end()) {
        EXPECT_FALSE(record.logged && !ended && (record.confirmed || record.enqueued_by <= kept))
            << "record " << key.second << " of queue " << key.first << " is lost";
        it = records_.erase(it);
        continue;
      }
      EXPECT_TRUE(record.logged) << "only what was logged survives";
      EXPECT_FALSE(ended && record.ended_by <= kept) << "a settled record came back";
      EXPECT_TRUE(found->second.redelivered || !record.seen_ever) << "seen before the crash";
      record.state = ModelRecord::State::returned;
      record.seen_ever = record.seen_now = true;
      record.enqueued_by = 0;
      record.ended_by = kNotStaged;
      record.holder = 0;
      record.confirmed = true;
      newest_[key.first] = key.second;
      world_.requeue(key.first, found->second.seq.value);
      there.erase(found);
      ++it;
    }
    EXPECT_TRUE(there.empty()) << "a record came from nowhere";
    for (std::uint64_t queue = 1; queue <= kQueues; ++queue)
      world_.cancel(queue, 1'000'000 + static_cast<std::uint32_t>(queue));
    told_.clear();
    world_.sink->published.clear();
  }

  void empty_everything() {
    for (std::uint64_t queue = 1; queue <= kQueues; ++queue)
      ASSERT_TRUE(world_.consume(queue, ++handles_, {.no_ack = true}));
    world_.run();
    EXPECT_EQ(world_.journal->live_bodies(), 0) << "every body was let go";
    for (std::uint64_t queue = 1; queue <= kQueues; ++queue) {
      const QueueStats stats = world_.stats(queue);
      EXPECT_EQ(stats.ready + stats.unacknowledged, 0u);
      EXPECT_EQ(stats.ready_bytes + stats.unacknowledged_bytes, 0u);
      EXPECT_EQ(stats.persistent, 0u);
    }
  }

  Key number_at(std::uint64_t queue, std::uint64_t seq) { return numbers_.at({queue, seq}); }

  Random random_;
  LaneWorld world_;
  std::uint64_t burst_ = 2;
  std::uint64_t interval_queue_ = 0;  // the queue of that level; 0: none
  std::map<Key, ModelRecord> records_;
  std::map<std::uint32_t, ModelConsumer> consumers_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> leased_;  // queue, seq
  std::map<std::pair<std::uint64_t, std::uint64_t>, Key> numbers_;
  std::map<std::uint64_t, std::uint64_t> newest_;  // by queue: what left for the first time last
  std::map<std::uint64_t, std::pair<std::uint64_t, bool>> gets_;
  std::set<std::uint64_t> told_;
  std::vector<Key> unstaged_enqueues_;
  std::vector<Key> unstaged_ends_;
  std::uint64_t published_ = 0;
  std::uint32_t handles_ = 0;
  bool crashed_ = false;
};

}  // namespace naru::core
