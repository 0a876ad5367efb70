// What a process has of all that is durable, as text, to compare with what another one has.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tests/sim/world/node.h"

namespace naru::sim {

std::string Node::describe() {
  std::vector<std::string> lines;
  core::Catalog& catalog = shards_[0]->core->catalog();
  catalog.each_queue([&](const core::QueueInfo& queue) {
    const auto stats = lane(queue.ref.lane).stats(queue.ref.id);
    lines.push_back(fmt::format("{}: {} ready, {} bytes, {} persistent", queue.name, stats->ready,
                                stats->ready_bytes, stats->persistent));
  });
  catalog.each_binding([&](const core::BindingInfo& binding) {
    lines.push_back(fmt::format("{} -> {} by '{}'", binding.source.value, binding.destination,
                                binding.routing_key));
  });
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace naru::sim
