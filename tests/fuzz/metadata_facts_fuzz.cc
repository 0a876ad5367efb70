// Facts of group 0: whatever bytes they are made of, the catalogue says no or stays in one piece:
// it routes, and its snapshot brings back as much as it held.

#include <cstdint>
#include <vector>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "core/topology/catalog.h"

namespace {

struct Queues final : naru::core::Catalog::Listener {
  void on_queue_created(const naru::core::QueueInfo& queue) override {
    const std::uint32_t lane = queue.ref.lane.value;
    NARU_CHECK(lane >= 1 && lane <= naru::core::kLaneCount, "a queue is in a lane that there is");
    ++count;
  }
  void on_queue_deleted(const naru::core::QueueInfo&) override { --count; }
  void on_tenant_deleted(naru::core::TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}
  long count = 0;
};

void route_everywhere(naru::core::Catalog& catalog) {
  std::vector<naru::core::ExchangeInfo> exchanges;
  catalog.each_exchange([&](const auto& exchange) { exchanges.push_back(exchange); });
  for (const auto& exchange : exchanges) {
    for (const char* key : {"", "a.b", "#"}) {
      const auto route = catalog.route(exchange.tenant, exchange.name, key, {}, nullptr);
      if (!route) continue;
      for (const auto& targets : (*route)->lanes) {
        for (const auto queue : targets.queues) {
          NARU_CHECK(catalog.find_queue(queue) != nullptr, "a route leads to what is there");
        }
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Queues queues;
  naru::core::Catalog catalog(queues);
  const bool accepted = catalog.apply({data, size}).has_value();
  long counted = 0;
  catalog.each_queue([&](const auto&) { ++counted; });
  NARU_CHECK(counted == queues.count, "the listener heard of every queue");
  route_everywhere(catalog);
  if (!accepted) return 0;

  naru::ByteBuffer once;
  catalog.encode_snapshot(once);
  Queues again_queues;
  naru::core::Catalog again(again_queues);
  NARU_CHECK(again.apply(once.view()).has_value(), "a snapshot applies");
  naru::ByteBuffer twice;
  again.encode_snapshot(twice);
  NARU_CHECK(once.size() == twice.size(), "a snapshot brings back what it held");
  return 0;
}
