#pragma once
/// How one limit on memory is shared out.

#include <algorithm>
#include <cstdint>

#include "core/memory_bounds.h"
#include "core/transaction_routes.h"

namespace naru::server {

/// The bounds that follow from the limit. What has none of its own (queue indexes, bodies of
/// messages that are not logged, metadata, connections that have logged in) takes what the others
/// leave, and is bounded by the steps of MemoryLadder.
struct MemoryShares {
  std::uint64_t cache_bytes_max = 0;          // of the log
  std::uint64_t table_bytes_max = 0;          // of tables of segments; one is kept however large
  std::uint64_t strangers_bytes_max = 0;      // of a shard
  std::uint64_t input_bytes_max = 0;          // of a shard: unfinished bodies and transactions
  std::uint64_t one_input_bytes_max = 0;      // one unfinished body or transaction
  std::uint64_t loose_input_bytes_max = 0;    // of a shard: read, without room of its own
  std::uint64_t uncommitted_bytes_max = 0;    // of a shard: appended, and not yet on disk
  std::uint64_t changes_bytes_max = 0;        // of a shard: of metadata, and not yet answered
  std::uint64_t turn_read_bytes_max = 0;      // of a shard: from all connections in one turn
  std::uint64_t output_high_bytes = 0;        // unsent, of a connection that is not read then
  std::int64_t connection_credit_bytes = 0;   // on their way to one connection
  std::uint64_t connection_leases_max = 0;    // unacknowledged messages of one connection
  std::uint64_t transaction_bytes_max = 0;    // uncommitted of a connection
  std::uint64_t transaction_targets_max = 0;  // of a shard: messages times queues, uncommitted
  std::uint64_t direct_reply_bytes_max = 0;   // of a connection: direct replies it has not taken
  std::uint64_t http_bodies_bytes_max = 0;    // of requests over HTTP
  std::uint64_t http_parsed_bytes_max = 0;    // of the one body that is parsed
  std::uint64_t http_import_bytes_max = 0;    // of the one that is imported
  std::uint64_t http_unsent_bytes_max = 0;    // of answers over HTTP; one is sent however large
  std::uint64_t http_listings_bytes_max = 0;  // to find their objects again; so is one
  std::uint64_t http_messages_bytes_max = 0;  // got in one answer; one message more may be
  std::uint64_t reported_bytes = 0;           // a shard tells of a change as large as this
};

struct MemoryWishes {
  std::uint64_t limit_bytes = 0;
  std::uint64_t cache_bytes = 0;
  std::uint64_t shard_count = 1;
};

/// With a limit of 64 MiB or more no share is too small to work with.
constexpr MemoryShares share_memory(const MemoryWishes& wishes) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const std::uint64_t limit = wishes.limit_bytes;
  const std::uint64_t shards = wishes.shard_count;
  MemoryShares shares;
  shares.cache_bytes_max = std::min(wishes.cache_bytes, limit / 4);
  shares.table_bytes_max = std::clamp(limit / 64, kMiB, 16 * kMiB);
  shares.strangers_bytes_max = std::min(64 * kMiB, limit / 16) / shards;
  shares.input_bytes_max = limit / 4 / shards;
  shares.one_input_bytes_max = std::min(limit / 8, shares.input_bytes_max);
  shares.transaction_bytes_max = std::min(128 * kMiB, shares.one_input_bytes_max);
  shares.transaction_targets_max =
      shares.transaction_bytes_max / core::TransactionRoutes::kTargetBytes;
  shares.loose_input_bytes_max = limit / 16 / shards;
  // 32 writes of the log of 1 MiB.
  shares.uncommitted_bytes_max = std::clamp(limit / 16 / shards, kMiB, 32 * kMiB);
  shares.changes_bytes_max = std::clamp(limit / 64 / shards, kMiB / 4, 16 * kMiB);
  shares.turn_read_bytes_max = std::max(limit / 64 / shards, kMiB / 4);
  shares.output_high_bytes = std::clamp(limit / 16, kMiB, 32 * kMiB);
  shares.connection_credit_bytes =
      static_cast<std::int64_t>(std::clamp(limit / 256, kMiB / 4, kMiB));
  shares.connection_leases_max = limit / 16 / core::kLeaseBytes;
  shares.direct_reply_bytes_max = std::clamp(limit / 16, kMiB, 64 * kMiB);
  shares.http_bodies_bytes_max = std::clamp(limit / 16, kMiB, 16 * kMiB);
  // A payload of 1 MiB takes up to 3, and "0," again and again would take 24.
  shares.http_parsed_bytes_max = std::clamp(limit / 16, kMiB, 4 * kMiB);
  // Definitions of 1 MiB that are all names take 7.3.
  shares.http_import_bytes_max = std::clamp(limit / 8, kMiB, 8 * kMiB);
  shares.http_unsent_bytes_max = std::clamp(limit / 16, kMiB, 64 * kMiB);
  shares.http_listings_bytes_max = std::clamp(limit / 16, kMiB, 64 * kMiB);
  shares.http_messages_bytes_max = std::clamp(limit / 16, kMiB, 16 * kMiB);
  shares.reported_bytes = std::max(limit / 256 / shards, kMiB / 16);
  return shares;
}

}  // namespace naru::server
