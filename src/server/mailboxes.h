#pragma once
/// Batches from shard to shard: in order for each pair, one wake-up per target and turn.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "core/ids.h"
#include "io/scheduler.h"

namespace naru::server {

/// One box for each ordered pair of shards. The sender collects without a lock and hands the whole
/// batch over at the end of its turn; the receiver swaps it out. The vectors go round, so the
/// steady state allocates nothing.
/// Bound: the senders' own (core::Shard stops taking publishes while too much is on its way).
template <typename Item>
class Mailboxes {
 public:
  /// Called on the receiving shard with what arrived, in order; it may move from the items.
  using Receive = std::move_only_function<void(std::vector<Item>&)>;

  explicit Mailboxes(std::size_t shard_count) : shards_(shard_count) {
    boxes_.reserve(shard_count * shard_count);
    for (std::size_t i = 0; i < shard_count * shard_count; ++i) {
      boxes_.push_back(std::make_unique<Box>());
    }
  }

  /// Before any traffic. `loop` and what `receive` refers to outlive the mailboxes' use.
  void attach(core::ShardId shard, io::Scheduler& loop, Receive receive) {
    shards_[shard.value] = {&loop, std::move(receive)};
  }

  /// On the sending shard. Kept until its flush().
  void send(core::ShardId from, core::ShardId to, Item item) {
    box(from, to).collected.push_back(std::move(item));
  }

  /// On the sending shard, at the end of its turn.
  void flush(core::ShardId from) {
    for (std::size_t to = 0; to < shards_.size(); ++to) {
      const core::ShardId target(static_cast<std::uint16_t>(to));
      Box& pair = box(from, target);
      if (!pair.collected.empty() && pair.hand_over()) {
        shards_[to].loop->post([this, &pair, target] { receive(pair, target); });
      }
    }
  }

 private:
  struct Box {
    /// True when the receiver does not know yet that there is something.
    bool hand_over() {
      const std::lock_guard lock(mutex);
      if (waiting.empty()) {
        waiting.swap(collected);
      } else {
        for (Item& item : collected) waiting.push_back(std::move(item));
        collected.clear();
      }
      return !std::exchange(announced, true);
    }
    void take() {
      const std::lock_guard lock(mutex);
      taken.swap(waiting);
      announced = false;
    }

    std::vector<Item> collected;  // the sender's
    std::vector<Item> taken;      // the receiver's
    std::mutex mutex;             // guards the rest; held for a swap
    std::vector<Item> waiting;
    bool announced = false;
  };
  struct Shard {
    io::Scheduler* loop = nullptr;
    Receive receive;
  };

  Box& box(core::ShardId from, core::ShardId to) {
    return *boxes_[from.value * shards_.size() + to.value];
  }
  void receive(Box& pair, core::ShardId to) {
    pair.take();
    shards_[to.value].receive(pair.taken);
    pair.taken.clear();
  }

  std::vector<Shard> shards_;
  std::vector<std::unique_ptr<Box>> boxes_;
};

}  // namespace naru::server
