#include "core/damage_text.h"

#include <fmt/core.h>

namespace naru::core {

namespace {

std::string queue_text(const Catalog& catalog, QueueId id) {
  const QueueInfo* queue = catalog.find_queue(id);
  if (queue == nullptr) return "a queue that is gone";
  const std::string* tenant = catalog.tenant_name(queue->tenant);
  return fmt::format("queue '{}' in vhost '{}'", queue->name, tenant != nullptr ? *tenant : "");
}

}  // namespace

std::string text_of(const Catalog& catalog, const DamagedRecords& records) {
  const std::string queue = queue_text(catalog, records.queue.id);
  const std::uint64_t first = records.first.value;
  const bool one = records.count == 1;
  const char* stay =
      one ? "it stays there and is not delivered" : "they stay there and are not delivered";
  const std::string messages =
      one ? fmt::format("message {} of {}", first, queue)
          : fmt::format("{} messages of {}, of which {} is the first", records.count, queue, first);
  const char* are = one ? " is" : ", are";
  const char* were = one ? " was" : ", were";
  switch (records.of) {
    case DamagedRecords::Of::record:
      return fmt::format("{}{} not what was stored; {}", messages, are, stay);
    case DamagedRecords::Of::unknown:
      return fmt::format("{}{} written by a newer Naru; {}", messages, were, stay);
    case DamagedRecords::Of::page:
      return fmt::format("a page of the index is not what was stored, which has {}; {}", messages,
                         stay);
    case DamagedRecords::Of::fragment:
      return fmt::format("a part of the large {} is not what was stored; {}", messages, stay);
  }
  return messages;
}

}  // namespace naru::core
