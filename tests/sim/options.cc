#include "tests/sim/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "server/shard_host.h"

namespace naru::sim {

namespace {

template <typename Value, std::size_t kCount>
Value one_of(Random& random, const Value (&choices)[kCount]) {
  return choices[random.below(kCount)];
}

void draw_storage(Random& random, cluster::JournalOptions& journal) {
  storage::WalOptions& wal = journal.wal;
  wal.directory = "data/wal";
  wal.entry_bytes_max = one_of<std::uint32_t>(random, {16 << 10, 40 << 10, 100 << 10});
  wal.frame_bytes_max = one_of<std::uint32_t>(random, {4 << 10, 8 << 10, 64 << 10});
  wal.block_bytes = wal.frame_bytes_max * one_of<std::uint32_t>(random, {1, 2, 4});
  const std::uint32_t least = std::max(wal.entry_bytes_max + (4 << 10), wal.frame_bytes_max);
  wal.file_bytes = (least + 4095) / 4096 * 4096 * one_of<std::uint32_t>(random, {1, 2, 4});
  wal.first_file_bytes = (64 << 10) * one_of<std::uint32_t>(random, {1, 2, 4});
  wal.ready_files = one_of<std::uint32_t>(random, {1, 1, 2});
  wal.free_files_max = one_of<std::uint32_t>(random, {0, 1, 4});
  wal.writes_in_flight = one_of<std::uint32_t>(random, {1, 2, 4});
  wal.cache_bytes = one_of<std::uint64_t>(random, {0, 16 << 10, 64 << 10, 1 << 20});
  wal.reads_in_flight = one_of<std::uint32_t>(random, {1, 4});
  wal.read_bytes_max = one_of<std::uint32_t>(random, {4 << 10, 64 << 10});
  wal.read_gap_bytes_max = one_of<std::uint32_t>(random, {0, 4 << 10, 64 << 10});
  wal.sync_interval = std::chrono::milliseconds(one_of<int>(random, {1, 10, 200}));
  wal.unstable_bytes_max = one_of<std::size_t>(random, {4 << 10, 8 << 20});
  wal.retry_after = std::chrono::milliseconds(10);
  wal.zero_bytes_max = 4 * wal.frame_bytes_max;
  wal.open_files_max = one_of<std::uint32_t>(random, {2, 24});
  journal.log_bytes_max = wal.file_bytes * one_of<std::uint64_t>(random, {2, 4, 1000});
  journal.segment_dead_bytes_max =
      one_of<std::uint64_t>(random, {1, 64 << 10, 512 << 10, 128 << 20});
  journal.snapshot_slice_bytes = one_of<std::uint32_t>(random, {4 << 10, 16 << 10, 64 << 10});
}

void draw_core(Random& random, core::Shard::Options& shard) {
  shard.uncommitted_bytes_max = one_of<std::size_t>(random, {2 << 10, 32 << 10, 32 << 20});
  shard.connection_credit_bytes = one_of<std::int64_t>(random, {1, 8 << 10, 1 << 20});
  shard.turn_work_max = one_of<std::uint64_t>(random, {1, 100, 100'000});
  shard.lane.deliveries_per_run = one_of<std::size_t>(random, {1, 3, 256});
  shard.lane.delivered_stride = one_of<std::uint64_t>(random, {1, 4, 1024});
  shard.lane.delivered_stride_max = shard.lane.delivered_stride * 4;
  shard.lane.index_bytes = one_of<std::size_t>(random, {0, 0, 1 << 10, 1 << 20});
  shard.lane.page_records = one_of<std::uint32_t>(random, {8, 16, 512});
  shard.lane.read_ahead_bytes = one_of<std::size_t>(random, {1, 8 << 10, 1 << 20});
}

void draw_people(Random& random, Options& options) {
  options.queues = one_of<QueueNo>(random, {1, 2, 3, 8});  // eight: some share a lane
  using enum message::Durability;
  const bool levels = random.one_in(2);
  for (QueueNo queue = 0; queue < options.queues; ++queue) {
    options.levels.push_back(levels ? one_of(random, {fsync, fsync, interval, memory}) : fsync);
  }
  for (std::uint64_t count = 1 + random.below(3); count > 0; --count) {
    options.publishers.push_back({.transactional = random.one_in(4),
                                  .window = one_of<std::uint32_t>(random, {1, 10, 200}),
                                  .burst = one_of<std::uint32_t>(random, {1, 4, 30}),
                                  .transient_in_eight = one_of<std::uint32_t>(random, {0, 1, 4}),
                                  .named_in_eight = one_of<std::uint32_t>(random, {0, 0, 4}),
                                  .obeys_blocked = !random.one_in(3)});
  }
  const bool no_ack = random.one_in(6);
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    options.consumers.push_back(
        {.prefetch = one_of<std::uint16_t>(random, {1, 3, 20, 0}),
         .transactional = random.one_in(5),
         .no_ack = no_ack && random.one_in(2),
         .first_queue = static_cast<QueueNo>(random.below(options.queues)),
         .queue_count = static_cast<QueueNo>(1 + random.below(options.queues)),
         .requeues = !random.one_in(4),
         .drops = !random.one_in(4)});
  }
}

void draw_expiry(Random& random, Options& options) {
  if (!random.one_in(4)) return;
  for (QueueNo queue = 0; queue < options.queues; ++queue) {
    options.ttls_ms.push_back(one_of<std::optional<std::uint32_t>>(
        random, {std::nullopt, std::nullopt, 0, 5, 100, 2000, 60'000}));
  }
  for (Publisher::Habits& habits : options.publishers) {
    habits.expiring_in_eight = one_of<std::uint32_t>(random, {0, 4});
  }
}

/// A limit a little above what an idle broker holds, and floods that reach it.
void draw_memory(Random& random, Options& options) {
  if (!random.one_in(4)) return;
  storage::WalOptions& wal = options.node.journal.wal;
  // Whole blocks are accounted for, however little is in them.
  wal.frame_bytes_max = wal.block_bytes = one_of<std::uint32_t>(random, {4 << 10, 8 << 10});
  wal.cache_bytes = one_of<std::uint64_t>(random, {0, 16 << 10});
  constexpr std::uint64_t kIdleBlocks = 32;
  const std::uint64_t idle = kIdleBlocks * wal.block_bytes +
                             options.node.shards * (server::ShardHost::kReadBytes + (64 << 10)) +
                             wal.cache_bytes;
  options.node.memory_limit_bytes = idle * one_of<std::uint64_t>(random, {25, 40}) / 10;
  server::ConnectionLimits& limits = options.node.limits;
  limits.memory_reported_bytes = one_of<std::size_t>(random, {1, 4 << 10, 64 << 10});
  limits.idle_buffers_bytes_max = one_of<std::size_t>(random, {0, 64 << 10});
  limits.turn_read_bytes_max = one_of<std::size_t>(random, {16 << 10, 256 << 10});
  limits.input_bytes_max = options.node.memory_limit_bytes / 4 / options.node.shards;
  // What a half-open connection holds has to come back some time.
  options.client.heartbeat_s = options.node.amqp.heartbeat_s =
      one_of<std::uint16_t>(random, {1, 3});
  options.client.messages_max = 500;
  options.client.body_bytes_max = std::min<std::uint32_t>(wal.entry_bytes_max - (4 << 10), 40'000);
  options.network.piece_bytes_max = 64 << 10;
  options.network.buffer_bytes = 16 << 10;
  for (Publisher::Habits& habits : options.publishers) {
    habits.window = 200;
    habits.transient_in_eight = one_of<std::uint32_t>(random, {4, 8});
  }
  if (random.one_in(2)) options.consumers.clear();
}

/// A log that is short, and a little of everything that is kept: bodies live on in segments, and
/// those are rewritten.
void draw_segments(Random& random, Options& options) {
  if (!random.one_in(6)) return;
  storage::WalOptions& wal = options.node.journal.wal;
  wal.entry_bytes_max = 40 << 10;
  wal.frame_bytes_max = wal.block_bytes = 64 << 10;
  wal.file_bytes = wal.first_file_bytes = 128 << 10;
  wal.cache_bytes = one_of<std::uint64_t>(random, {0, 64 << 10});
  options.node.amqp.message_bytes_max = wal.entry_bytes_max - (2 << 10);
  options.node.journal.log_bytes_max = 768 << 10;
  options.node.journal.segment_dead_bytes_max = 192 << 10;
  options.client.body_bytes_max = 5000;
  options.client.messages_max = 1000;
  options.network.piece_bytes_max = 64 << 10;
  options.network.buffer_bytes = 256 << 10;
  for (Publisher::Habits& habits : options.publishers) {
    habits.window = 200;
    habits.burst = 30;
    habits.transient_in_eight = 0;
  }
  for (Consumer::Habits& habits : options.consumers) {
    habits.prefetch = 0;
    habits.requeues = habits.no_ack = false;
    habits.keeps = true;
  }
}

/// Most bodies that are not tiny are chains of fragments; some are larger than any entry.
void draw_fragments(Random& random, Options& options) {
  const auto fragment_bytes = one_of<std::size_t>(random, {200, 1500, 10'000, 248 << 10});
  options.node.shard.lane.fragment_bytes = options.client.fragment_bytes = fragment_bytes;
  const bool crowded = options.node.memory_limit_bytes != 0 ||
                       options.network.piece_bytes_max < 1500 || options.client.messages_max > 200;
  if (fragment_bytes > 10'000 || crowded || !random.one_in(4)) return;
  const std::uint32_t entry_bytes_max = options.node.journal.wal.entry_bytes_max;
  options.client.body_bytes_max = std::min<std::uint32_t>(3 * entry_bytes_max, 100'000);
  options.node.amqp.message_bytes_max = std::max<std::size_t>(100'000, entry_bytes_max);
  options.node.journal.segment_dead_bytes_max = 128 << 20;
}

void draw_faults(Random& random, FaultOptions& faults) {
  if (random.one_in(4)) return;  // a quarter of all runs has crashes only
  if (random.one_in(2)) faults.disk_stalls = one_of<std::uint32_t>(random, {200, 1000});
  if (random.one_in(4)) {
    faults.disk_fills = 500;
    faults.free_bytes_max = one_of<std::uint64_t>(random, {0, 1 << 20});
  }
  if (random.one_in(5)) faults.write_fails = 3000;
  if (random.one_in(5)) faults.sync_fails = 3000;
  if (random.one_in(4)) faults.clock_jumps = 500;
  faults.crashes_in_recovery = random.one_in(2);
  faults.bit_rot = random.one_in(3);
  if (random.one_in(4)) faults.bodies_rot = one_of<std::uint32_t>(random, {100, 500});
}

/// Came later than the others, and of draws of their own: seeds without them do what they did.
void draw_later(Random random, Options& options) {
  FaultOptions& faults = options.faults;
  if (random.one_in(4)) faults.files_fail = one_of<std::uint32_t>(random, {500, 3000});
  faults.failures_in_recovery = random.one_in(6);
  options.client.asks = options.client.deletes && !random.one_in(3);
  if (random.one_in(5)) faults.reads_fail = one_of<std::uint32_t>(random, {300, 2000});
  // What a read waits for while other segments come and go.
  if (random.one_in(2)) options.node.journal.wal.table_cache_bytes = 1;
  if (random.one_in(3)) faults.segments_stall = one_of<std::uint32_t>(random, {100, 500});
  if (random.one_in(4)) {
    options.client.leases_max = one_of<std::uint32_t>(random, {4, 30});
    options.node.shard.connection_leases_max = options.client.leases_max;
  }
  options.node.shard.changes_bytes_max = one_of<std::size_t>(random, {1, 16 << 20});
}

}  // namespace

Options draw_options(Random& random) {
  Options options;
  options.node.shards = one_of<std::uint16_t>(random, {1, 1, 2, 3});
  draw_storage(random, options.node.journal);
  draw_core(random, options.node.shard);
  options.client.frame_bytes_max = one_of<std::uint32_t>(random, {4096, 8192, 131'072});
  options.client.heartbeat_s = one_of<std::uint16_t>(random, {0, 1, 3});
  options.client.body_bytes_max = std::min(options.node.journal.wal.entry_bytes_max - (4 << 10),
                                           one_of<std::uint32_t>(random, {1000, 5000, 40'000}));
  options.client.think_max = std::chrono::microseconds(one_of<int>(random, {100, 2000, 20'000}));
  options.client.messages_max = one_of<std::uint32_t>(random, {60, 200, 500});
  random.next();  // for an option that is no more: what the others are stays
  options.client.purges = random.one_in(6);
  // Not of our own draws: seeds without it do what they would do if it were not there.
  Random aside(Random(random).next());
  options.client.deletes = aside.one_in(6);
  options.client.rude = !random.one_in(4);
  options.node.amqp.message_bytes_max = options.node.journal.wal.entry_bytes_max - (2 << 10);
  options.node.amqp.heartbeat_s = options.client.heartbeat_s;
  options.node.limits.output_high_bytes = 1 << 20;
  options.node.limits.output_low_bytes = one_of<std::size_t>(random, {1, 4 << 10, 256 << 10});
  options.network.piece_bytes_max =
      one_of<std::size_t>(random, {7, 200, 1500, 1500, 64 << 10, 64 << 10});
  options.network.delay_max = std::chrono::microseconds(one_of<int>(random, {0, 50, 500, 10'000}));
  options.network.buffer_bytes = one_of<std::size_t>(random, {2 << 10, 16 << 10, 256 << 10});
  if (options.network.piece_bytes_max < 100) {  // each piece is a step
    options.client.body_bytes_max = std::min(options.client.body_bytes_max, 1000U);
  }
  draw_people(random, options);
  if (random.one_in(4)) options.visitors = static_cast<int>(1 + random.below(2));
  draw_segments(random, options);
  draw_memory(random, options);
  draw_expiry(random, options);
  draw_faults(random, options.faults);
  if (options.faults.free_bytes_max != 0) options.node.disk_free_min = 512 << 10;
  options.rounds = static_cast<std::uint32_t>(1 + random.below(4));
  options.steps_per_round = one_of<std::uint32_t>(random, {1000, 5000, 15'000});
  options.node.shard.shared.record_bytes_min = one_of<std::size_t>(random, {1, 128});
  draw_fragments(random, options);
  draw_later(Random(Random(random).next()), options);
  return options;
}

std::size_t Options::uncommitted_bytes_max() const {
  constexpr std::size_t kFactsOfAConsumer = 8 << 10;
  constexpr std::size_t kPageBytesOfARecord = 64;
  constexpr std::size_t kAroundAFragment = 32;
  // Each shard lets its own publishers send so much to the one that they all publish to.
  std::size_t most = node.shards * node.shard.uncommitted_bytes_max + (32 << 10) +
                     consumers.size() * kFactsOfAConsumer +
                     queues * client.messages_max * kPageBytesOfARecord;
  for (const Publisher::Habits& habits : publishers) {
    // Its input is taken as it comes, what was read before included; a message may be the last
    // straw, and go to queues of several lanes; a transaction is taken whole.
    const std::size_t messages = habits.transactional ? Publisher::kTransactionMessagesMax : 1;
    const std::size_t fragments = client.body_bytes_max / node.shard.lane.fragment_bytes + 1;
    most += 2 * network.buffer_bytes +
            queues * messages * (client.body_bytes_max + 256 + fragments * kAroundAFragment);
  }
  return most;
}

std::size_t Options::accounted_bytes_max(std::size_t connections) const {
  if (node.memory_limit_bytes == 0) return 0;
  const std::size_t of_a_turn =
      server::ShardHost::kReadBytes + (64 << 10) + node.limits.turn_read_bytes_max;
  const std::size_t of_a_connection = (16 << 10) + 2 * network.buffer_bytes +
                                      client.body_bytes_max +
                                      static_cast<std::size_t>(node.shard.connection_credit_bytes);
  return node.memory_limit_bytes + node.shards * of_a_turn + connections * of_a_connection;
}

// Tables, objects of shards and lanes, blocks that are being filled, read or moved. Beside that
// each block of the log, also in its cache, has a head as large as a page: next to nothing of
// 512 KiB, as much again of 4. What is read ahead is in blocks that are up to twice as large, heads
// included. And shards keep emptied batches for the next.
std::size_t Options::heap_beside_max(std::size_t uncommitted_bytes) const {
  const std::size_t in_blocks = node.shards * uncommitted_bytes + node.journal.wal.cache_bytes;
  const std::size_t heads = in_blocks * storage::kWalBlockBytes / node.journal.wal.block_bytes;
  const std::size_t emptied = node.shards * (std::size_t{512} << 10);
  return (std::size_t{1280} << 10) + emptied + heads + node.shard.lane.read_ahead_bytes;
}

std::string Options::describe() const {
  const storage::WalOptions& wal = node.journal.wal;
  return fmt::format(
      "shards {}, queues {} ({}), publishers {}, consumers {}, visitors {}, rounds {} of {} steps\n"
      "wal: files of {}, first {}, frames {}, entries {}, cache {}, writes {}, ready {}, free {}, "
      "snapshot slices {}, log {}\n"
      "core: uncommitted {}, of metadata {}, credit {}, leases {}, turn {}, run {}, stride {}, "
      "read ahead {}, "
      "index {}, pages {}, fragments {}\n"
      "clients: frames {}, heartbeat {} s, bodies {}, messages {}, rude {}, purges {}, deletes {}, "
      "asks {}\n"
      "network: pieces {}, delay {} us, buffers {}\n"
      "memory: limit {}; disk: {} free; expiry {}\n"
      "faults: stalls {}, full {}, write {}, sync {}, files {}, reads {}, segments {}, clock {}, "
      "in recovery {} and {}, bit rot {}, of bodies {}",
      node.shards, queues,
      fmt::join(levels | std::views::transform([](auto it) { return to_string(it); }), " "),
      publishers.size(), consumers.size(), visitors, rounds, steps_per_round, wal.file_bytes,
      wal.first_file_bytes, wal.frame_bytes_max, wal.entry_bytes_max, wal.cache_bytes,
      wal.writes_in_flight, wal.ready_files, wal.free_files_max, node.journal.snapshot_slice_bytes,
      node.journal.log_bytes_max, node.shard.uncommitted_bytes_max, node.shard.changes_bytes_max,
      node.shard.connection_credit_bytes, node.shard.connection_leases_max,
      node.shard.turn_work_max, node.shard.lane.deliveries_per_run,
      node.shard.lane.delivered_stride, node.shard.lane.read_ahead_bytes,
      node.shard.lane.index_bytes, node.shard.lane.page_records, node.shard.lane.fragment_bytes,
      client.frame_bytes_max, client.heartbeat_s, client.body_bytes_max, client.messages_max,
      client.rude, client.purges, client.deletes, client.asks, network.piece_bytes_max,
      network.delay_max.count() / 1000, network.buffer_bytes, node.memory_limit_bytes,
      node.disk_free_min, !ttls_ms.empty(), faults.disk_stalls, faults.disk_fills,
      faults.write_fails, faults.sync_fails, faults.files_fail, faults.reads_fail,
      faults.segments_stall, faults.clock_jumps, faults.crashes_in_recovery,
      faults.failures_in_recovery, faults.bit_rot, faults.bodies_rot);
}

}  // namespace naru::sim
