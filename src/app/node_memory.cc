#include "app/node_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "admin/definitions_import.h"
#include "admin/writing.h"
#include "app/allocator.h"
#include "core/memory_bounds.h"
#include "core/queue/lane.h"
#include "core/transaction_routes.h"
#include "security/password.h"
#include "server/shard_host.h"

namespace naru::app {

namespace {

// What checking a password takes for a moment is beside the limit: a stranger's guess must not stop
// those who publish.
std::optional<std::uint64_t> resident_without_hashes() {
  const std::uint64_t hashes = security::hash_memory_in_use();
  std::optional<std::uint64_t> held = resident_bytes();
  if (held) *held -= std::min(*held, hashes);
  return held;
}

std::uint64_t idle_buffers_at(core::MemoryStep step) {
  if (!core::bounds_at(step).keeps_idle_buffers) return 0;
  return server::ConnectionLimits().idle_buffers_bytes_max;
}

}  // namespace

NodeMemory::NodeMemory(const Config& config, Logger& log)
    : log_(log),
      shard_count_(config.server_shards),
      machine_(machine_memory(read_system_file)),
      limit_(config.memory_limit),
      limit_bytes_(memory_limit_bytes(limit_, machine_)),
      shares_(server::share_memory({.limit_bytes = limit_bytes_,
                                    .cache_bytes = config.storage_cache_bytes,
                                    .shard_count = shard_count_})),
      message_bytes_max_(config.amqp_message_bytes_max),
      background_threads_(config.server_background_threads) {}

void NodeMemory::watch(std::vector<server::ShardHost*> hosts, io::Workers& workers,
                       std::function<void(core::MemoryStep)> on_step) {
  log_.info("memory limit {}", memory_limit_text(limit_, machine_));
  if (machine_ && limit_bytes_ > machine_->bytes) {
    log_.warn(
        "memory.limit is more than the {} has, which may end the broker before publishers "
        "are told to wait",
        machine_->whose);
  }
  tell_of_message_size();
  watch_ = std::make_unique<server::MemoryWatch>(
      std::move(hosts), workers, limit_bytes_,
      server::MemoryProbes{.resident = resident_without_hashes, .give_back = give_memory_back},
      std::move(on_step));
  watch_->start();
}

// Whoever publishes more is refused, whatever was set.
void NodeMemory::tell_of_message_size() const {
  const std::uint64_t most = shares_.one_input_bytes_max;
  if (message_bytes_max_ <= most) return;
  const std::uint64_t needed = message_bytes_max_ * ((limit_bytes_ + most - 1) / most);
  const bool was_set = message_bytes_max_ != Config().amqp_message_bytes_max;
  const std::string text = fmt::format(
      "messages of more than {} bytes are refused, as memory.limit leaves no more for one; "
      "amqp.message_bytes_max is {}: for those set memory.limit to {} bytes",
      most, message_bytes_max_, needed);
  if (was_set) {
    log_.warn("{}", text);
  } else {
    log_.info("{}", text);
  }
}

bool NodeMemory::stops_publishers() const {
  return watch_ && watch_->step() >= core::MemoryStep::stop;
}

void NodeMemory::fill(admin::NodeStatus& status) const {
  status.memory_bytes_max = limit_bytes_;
  if (!watch_) return;
  status.memory_alarm = stops_publishers();
  status.memory.step = watch_->step();
  status.memory.allocated_bytes = allocated_bytes().value_or(0);
  const server::MemoryAccount& held = watch_->account();
  for (std::size_t number = 0; number < server::kMemoryTerms; ++number) {
    const auto term = static_cast<server::MemoryTerm>(number);
    status.memory.terms.push_back({to_string(term), held[term], bytes_max(term)});
  }
  status.memory.terms.push_back({"base", watch_->base_bytes(), watch_->base_bytes()});
  fill_bounds(status);
}

// Those without a bound of their own are bounded by the steps.
std::uint64_t NodeMemory::bytes_max(server::MemoryTerm term) const {
  const core::MemoryBounds& now = core::bounds_at(watch_->step());
  const std::uint64_t buffers = idle_buffers_at(watch_->step()) + server::ShardHost::kReadBytes;
  switch (term) {
    case server::MemoryTerm::strangers:
      return shares_.strangers_bytes_max * shard_count_;
    case server::MemoryTerm::caches:
      return shares_.cache_bytes_max / now.cache_part + shares_.table_bytes_max +
             buffers * shard_count_;
    case server::MemoryTerm::input:
      return (shares_.input_bytes_max + shares_.loose_input_bytes_max +
              (shares_.uncommitted_bytes_max + shares_.changes_bytes_max) / now.uncommitted_part) *
             shard_count_;
    case server::MemoryTerm::http:
      return shares_.http_bodies_bytes_max +
             core::parsed_at(watch_->step(), shares_.http_parsed_bytes_max) +
             core::parsed_at(watch_->step(), shares_.http_import_bytes_max) +
             admin::kChangesTogetherBytes + shares_.http_unsent_bytes_max +
             shares_.http_listings_bytes_max + shares_.http_messages_bytes_max;
    default:
      return watch_->ladder().threshold(core::MemoryStep::refuse);
  }
}

void NodeMemory::fill_bounds(admin::NodeStatus& status) const {
  const core::MemoryBounds& now = core::bounds_at(watch_->step());
  const std::uint64_t uncommitted = shares_.uncommitted_bytes_max / now.uncommitted_part;
  const int step = std::to_underlying(watch_->step());
  const auto credit = static_cast<std::uint64_t>(shares_.connection_credit_bytes);
  const std::uint64_t leases = core::leases_at(watch_->step(), shares_.connection_leases_max);
  status.uncommitted_bytes_max = uncommitted * shard_count_;
  status.memory.connection_consumers_max =
      now.consumers == core::kNoBound ? 0 : std::uint64_t{now.consumers};
  status.memory.connection_channels_max =
      now.channels == core::kNoBound ? 0 : std::uint64_t{now.channels};
  status.memory.bounds = {
      {"message", std::min(message_bytes_max_, shares_.one_input_bytes_max)},
      {"transactions_of_a_connection", shares_.transaction_bytes_max},
      {"targets_of_transactions_of_a_shard",
       shares_.transaction_targets_max * core::TransactionRoutes::kTargetBytes},
      {"unfinished_messages_of_a_connection",
       std::min(2 * message_bytes_max_, shares_.input_bytes_max)},
      {"unfinished_messages_of_a_shard", shares_.input_bytes_max},
      {"unread_input_of_a_shard", shares_.loose_input_bytes_max},
      {"read_from_a_connection_at_once", now.read_bytes},
      {"read_in_a_turn_of_a_shard", shares_.turn_read_bytes_max},
      {"uncommitted_of_a_shard", uncommitted},
      {"uncommitted_metadata_of_a_shard", shares_.changes_bytes_max / now.uncommitted_part},
      {"deliveries_to_a_connection", credit / now.connection_part},
      {"unacknowledged_of_a_connection", leases * core::kLeaseBytes},
      {"unacknowledged_of_a_shard",
       core::leases_of_shard_at(watch_->step(), shares_.connection_leases_max, shard_count_) *
           core::kLeaseBytes},
      {"unacknowledged_of_a_connection_beyond_that",
       core::few_leases_at(watch_->step(), shares_.connection_leases_max) * core::kLeaseBytes},
      {"consumer_arguments_of_a_connection", now.argument_bytes},
      {"answers_to_a_connection",
       std::min(shares_.output_high_bytes, std::uint64_t{now.answer_bytes})},
      {"direct_replies_to_a_connection", shares_.direct_reply_bytes_max / now.connection_part},
      {"cache_of_the_log", shares_.cache_bytes_max / now.cache_part},
      {"tables_of_segments", shares_.table_bytes_max},
      {"buffers_of_a_shard", idle_buffers_at(watch_->step()) + server::ShardHost::kReadBytes},
      {"routes_of_a_shard", core::routes_at(watch_->step())},
      {"patterns_of_a_shard", core::patterns_at(watch_->step())},
      // Of what is handed out, and of what follows it.
      {"read_ahead_of_a_queue",
       2 * core::quartered_at(step, core::Lane::Options().read_ahead_bytes)},
      {"index_of_a_lane_before_it_pages_out",
       core::quartered_at(step, core::Lane::Options().index_bytes)},
      {"http_requests", shares_.http_bodies_bytes_max},
      {"http_parsed_request", core::parsed_at(watch_->step(), shares_.http_parsed_bytes_max)},
      {"http_import", core::parsed_at(watch_->step(), shares_.http_import_bytes_max)},
      {"http_answers", shares_.http_unsent_bytes_max},
      {"http_listings", shares_.http_listings_bytes_max},
      {"http_page", admin::Writing::kFewRowsBytes},
      {"http_messages", shares_.http_messages_bytes_max},
      {"password_checks", background_threads_ * security::kHashMemoryBytes},
  };
}

}  // namespace naru::app
