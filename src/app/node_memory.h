#pragma once
/// The node's budget of memory: found out, shared out, watched and reported.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "admin/node_port.h"
#include "app/config.h"
#include "app/machine_memory.h"
#include "base/log.h"
#include "io/workers.h"
#include "server/memory_shares.h"
#include "server/memory_watch.h"

namespace naru::app {

/// Owned by the node; used on shard 0's thread.
class NodeMemory {
 public:
  /// Looks at the machine.
  NodeMemory(const Config& config, Logger& log);

  const server::MemoryShares& shares() const { return shares_; }
  /// Before the loops run. Writes down the limit. `on_step` is called when memory got shorter, or
  /// less so.
  void watch(std::vector<server::ShardHost*> hosts, io::Workers& workers,
             std::function<void(core::MemoryStep)> on_step);
  void stop() { watch_ = nullptr; }
  /// So short that publishers have to wait.
  bool stops_publishers() const;
  /// What is held and how much it may be, at the step that holds now.
  void fill(admin::NodeStatus& status) const;

 private:
  void tell_of_message_size() const;
  std::uint64_t bytes_max(server::MemoryTerm term) const;
  void fill_bounds(admin::NodeStatus& status) const;

  Logger& log_;
  const std::uint64_t shard_count_;
  const std::optional<MachineMemory> machine_;
  const MemoryLimit limit_;
  const std::uint64_t limit_bytes_;
  const server::MemoryShares shares_;
  const std::uint64_t message_bytes_max_;  // as it is set
  const std::uint64_t background_threads_;
  std::unique_ptr<server::MemoryWatch> watch_;
};

}  // namespace naru::app
