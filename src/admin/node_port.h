#pragma once
/// What admin asks of the process around it (server/, app/): where it listens, what it uses,
/// whether it serves.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cluster/storage_figures.h"
#include "core/memory_step.h"

namespace naru::admin {

struct ListenerStatus {
  std::string protocol;  // "amqp", "http"
  std::string host;
  std::uint16_t port = 0;
};

/// One term of the sum of what the process holds in memory.
struct MemoryTermStatus {
  std::string_view name;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;
};
/// The most that one thing may hold, whoever it belongs to, at the step that holds now.
struct MemoryBound {
  std::string_view name;
  std::uint64_t bytes_max = 0;
};
struct MemoryStatus {
  core::MemoryStep step = core::MemoryStep::normal;
  std::vector<MemoryTermStatus> terms;
  std::vector<MemoryBound> bounds;
  std::uint64_t allocated_bytes = 0;           // by the allocator's count; 0: unknown
  std::uint64_t connection_consumers_max = 0;  // 0: no limit is set
  std::uint64_t connection_channels_max = 0;   // the same
};

struct NodeStatus {
  std::vector<ListenerStatus> listeners;
  WallMs started_at_ms = 0;
  std::uint32_t processors = 0;  // that the process may run on
  std::uint64_t resident_bytes = 0;
  std::uint64_t memory_bytes_max = 0;  // 0: no limit is set
  MemoryStatus memory;
  std::uint64_t uncommitted_bytes_max = 0;  // beyond it publishers wait
  std::uint64_t connections_max = 0;        // of protocols; 0: no limit is set
  std::uint64_t http_connections = 0;
  std::uint64_t http_connections_max = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t disk_free_bytes_min = 0;  // the alarm's threshold
  bool disk_alarm = false;
  bool memory_alarm = false;
  cluster::StorageFigures storage;
  bool log_full = false;  // nothing commits before the log gets another file
  /// Why it gets none, and what to do about it; empty while it does.
  std::string log_lacks;
  /// Empty while clients are served; else why not ("stopping", "the log is full…").
  std::string not_ready;
};

/// Called on shard 0's thread, and cheap: values may be a second old.
class NodePort {
 public:
  virtual ~NodePort() = default;
  virtual NodeStatus status() const = 0;
  /// Nothing commits before the log gets another file.
  virtual bool log_is_full() const = 0;
};

}  // namespace naru::admin
