// What a process has of all that is durable, as text, to compare with what another one has.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/byte_reader.h"
#include "base/crc32c.h"
#include "core/queue/lane_snapshot.h"
#include "core/topology/facts.h"
#include "tests/sim/world/node.h"

namespace naru::sim {

namespace {

/// By queue, a number that stands for its records: which they are (the places of their bodies,
/// which nothing changes), in their order, with their flags, attempts and expiries, how far they
/// were delivered, and the pages of its index. Under 0, of the large bodies.
using Contents = std::map<std::uint64_t, std::uint32_t>;

/// As a snapshot has them: that is everything that a lane knows.
void add_contents(core::Lane& lane, Contents& all) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 30;
  const auto job = lane.begin_snapshot();
  if (job == nullptr) return;
  ByteBuffer bytes;
  while (!job->next(kAtOnce, bytes)) {
  }
  ByteReader in(bytes.view());
  (void)in.u8();  // version
  while (!in.done()) {
    const ByteView section = in.bytes(in.le32());
    ByteReader head(section);
    const std::uint8_t kind = head.u8();
    if (kind >= core::kLaneSectionOptional) continue;  // who replays may know less of it
    const bool of_queue = kind == static_cast<std::uint8_t>(core::LaneSection::queue);
    std::uint32_t& sum = all[of_queue ? head.varint() : 0];
    sum = crc32c(section, sum);
  }
}

std::uint32_t sum_of(const core::Fact& fact) {
  ByteBuffer bytes;
  encode(bytes, fact);
  return crc32c(bytes.view());
}

}  // namespace

std::string Node::describe() {
  std::vector<std::string> lines;
  Contents contents;
  for (std::uint32_t id = 1; id <= core::kLaneCount; ++id) {
    add_contents(lane(core::GroupId(id)), contents);
  }
  core::Catalog& catalog = shards_[0]->core->catalog();
  catalog.each_exchange([&](const core::ExchangeInfo& exchange) {
    if (!exchange.durable) return;
    lines.push_back(
        fmt::format("{} as {:08x}", exchange.name, sum_of(core::ExchangeCreated{exchange})));
  });
  catalog.each_queue([&](const core::QueueInfo& queue) {
    const auto stats = lane(queue.ref.lane).stats(queue.ref.id);
    lines.push_back(fmt::format("{} as {:08x}: {} ready, {} bytes, {} persistent, contents {:08x}",
                                queue.name, sum_of(core::QueueCreated{queue}), stats->ready,
                                stats->ready_bytes, stats->persistent,
                                contents[queue.ref.id.value]));
  });
  catalog.each_binding([&](const core::BindingInfo& binding) {
    lines.push_back(fmt::format("{} -> {} by '{}' as {:08x}", binding.source.value,
                                binding.destination, binding.routing_key,
                                sum_of(core::BindingCreated{binding})));
  });
  std::ranges::sort(lines);
  lines.push_back(fmt::format("large bodies {:08x}", contents[0]));
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace naru::sim
