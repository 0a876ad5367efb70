#include "app/node_memory.h"

#include <algorithm>
#include <utility>

#include "app/allocator.h"

namespace naru::app {

NodeMemory::NodeMemory(const Config& config, Logger& log)
    : log_(log),
      shard_count_(config.server_shards),
      machine_(machine_memory(read_system_file)),
      limit_(config.memory_limit),
      limit_bytes_(memory_limit_bytes(limit_, machine_)),
      shares_(server::share_memory({.limit_bytes = limit_bytes_,
                                    .cache_bytes = config.storage_cache_bytes,
                                    .shard_count = shard_count_})),
      message_bytes_max_(config.amqp_message_bytes_max) {}

void NodeMemory::watch(std::vector<server::ShardHost*> hosts, io::Workers& workers,
                       std::function<void(core::MemoryStep)> on_step) {
  log_.info("memory limit {}", memory_limit_text(limit_, machine_));
  if (machine_ && limit_bytes_ > machine_->bytes) {
    log_.warn(
        "memory.limit is more than the {} has, which may end the broker before publishers "
        "are told to wait",
        machine_->whose);
  }
  watch_ = std::make_unique<server::MemoryWatch>(
      std::move(hosts), workers, limit_bytes_,
      server::MemoryProbes{.resident = resident_bytes, .give_back = give_memory_back},
      std::move(on_step));
  watch_->start();
}

bool NodeMemory::stops_publishers() const {
  return watch_ && watch_->step() >= core::MemoryStep::stop;
}

void NodeMemory::fill(admin::NodeStatus& status) const {
  status.memory_bytes_max = limit_bytes_;
  status.uncommitted_bytes_max = shares_.uncommitted_bytes_max * shard_count_;
  if (!watch_) return;
  status.memory_alarm = stops_publishers();
  status.memory.step = watch_->step();
  status.memory.allocated_bytes = allocated_bytes().value_or(0);
  const server::MemoryAccount& held = watch_->account();
  const std::uint64_t refused_from = watch_->ladder().threshold(core::MemoryStep::refuse);
  for (std::size_t number = 0; number < server::kMemoryTerms; ++number) {
    const auto term = static_cast<server::MemoryTerm>(number);
    std::uint64_t most = refused_from;
    if (term == server::MemoryTerm::strangers) most = shares_.strangers_bytes_max * shard_count_;
    if (term == server::MemoryTerm::caches)
      most = shares_.cache_bytes_max + shares_.table_bytes_max;
    if (term == server::MemoryTerm::input) {
      most = (shares_.input_bytes_max + shares_.uncommitted_bytes_max) * shard_count_;
    }
    status.memory.terms.push_back({to_string(term), held[term], most});
  }
  status.memory.bounds = {
      {"message", std::min(message_bytes_max_, shares_.one_input_bytes_max)},
      {"unfinished_messages_of_a_shard", shares_.input_bytes_max},
      {"unread_input_of_a_shard", shares_.loose_input_bytes_max},
      {"uncommitted_of_a_shard", shares_.uncommitted_bytes_max},
      {"deliveries_to_a_connection", static_cast<std::uint64_t>(shares_.connection_credit_bytes)},
      {"answers_to_a_connection", shares_.output_high_bytes},
  };
  status.memory.terms.push_back({"base", watch_->base_bytes(), watch_->base_bytes()});
}

}  // namespace naru::app
