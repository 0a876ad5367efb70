// Large bodies are read piece by piece, on the shard of whoever asks.

#include <algorithm>

#include "core/queue/lane_facts.h"
#include "core/request_handler.h"
#include "core/shard.h"

namespace naru::core {

namespace {

/// What was written lately is in memory.
bool find_cached(Journal& journal, const BodyRead& part, Slice& found) {
  auto run = journal.cached(part.location);
  if (!run || !run->contains(part.location, part.bytes)) return false;
  found.view = {run->at(part.location), part.bytes};
  found.owner = std::move(run->bytes.owner);
  return true;
}

/// `read` are parts from `asked.first` on. What is wrong with them is told.
Result<Reply::Value> checked(Shard& shard, const ReadBody& asked, std::vector<Slice> read) {
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (unguard(read[i])) continue;
    const BodyRead& part = asked.body->parts[asked.first + i];
    shard.on_damaged({.queue = asked.queue,
                      .first = asked.seq,
                      .of = DamagedRecords::Of::fragment,
                      .where = guarded(part.location, part.bytes)});
    return fail(Errc::corrupt, "a message is damaged on disk");
  }
  return Reply::Value{BodyParts{std::move(read)}};
}

}  // namespace

void RequestHandler::run(RequestId id, ReadBody operation) {
  const std::vector<BodyRead>& parts = operation.body->parts;
  NARU_CHECK(operation.first < parts.size(), "a body is read within its parts");
  const auto bytes_max = static_cast<std::uint64_t>(shard_.connection_credit_bytes());
  std::vector<Slice> cached;
  std::vector<BodyRead> reads;
  std::uint64_t bytes = 0;
  for (std::size_t at = operation.first; at < parts.size(); ++at) {
    const BodyRead& part = parts[at];
    if (at != operation.first && bytes + part.bytes > bytes_max) break;
    Slice found;
    const bool is_cached = find_cached(shard_.journal(), part, found);
    // One kind at a time: what is in memory goes at once.
    if (at != operation.first && is_cached != reads.empty()) break;
    if (is_cached) {
      cached.push_back(std::move(found));
    } else {
      reads.push_back(guarded(part.location, part.bytes));
    }
    bytes += part.bytes;
  }
  if (reads.empty()) return client_.reply(id, Reply::Value{BodyParts{std::move(cached)}});
  // The shard outlives its clients.
  shard_.journal().read(reads, [client = client_.weak(), &shard = shard_,
                                asked = std::move(operation), id](std::vector<Slice> read) {
    if (const auto alive = client.lock())
      (*alive)->reply(id, checked(shard, asked, std::move(read)));
  });
}

}  // namespace naru::core
