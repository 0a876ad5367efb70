#pragma once
/// Knows what the process holds in memory, and tells every shard how short it is.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "io/workers.h"
#include "server/deadline_heap.h"
#include "server/memory_account.h"
#include "server/memory_ladder.h"
#include "server/memory_lines.h"

namespace naru::server {

class ShardHost;

/// Of this machine's memory and allocator. `resident` is called on shard 0, and is quick;
/// `give_back`, which may take long, on a background thread.
struct MemoryProbes {
  /// What the process holds of the machine's memory; nothing where nobody knows.
  std::function<std::optional<std::uint64_t>()> resident;
  /// Gives freed memory back to the system.
  std::function<void()> give_back;
};

/// Owned by shard 0. Shards report by themselves when what they hold has changed by much; that, and
/// the time, make it look at what the kernel counts, which is what decides. The sum of the terms
/// says who holds it, and decides where the kernel cannot be asked.
class MemoryWatch final : public Deadline {
 public:
  MemoryWatch(std::vector<ShardHost*> shards, io::Workers& workers, std::uint64_t limit_bytes,
              MemoryProbes probes, std::function<void(core::MemoryStep)> on_step);

  /// Before any loop runs: what is held now beside the terms is the fixed base.
  void start();
  /// Called on the thread of the shard `number`.
  void report(std::size_t number, const MemoryAccount& account);

  core::MemoryStep step() const { return ladder_.step(); }
  const MemoryLadder& ladder() const { return ladder_; }
  /// What was found last: of all shards, beside them, and what the kernel counts.
  const MemoryAccount& account() const { return all_; }
  std::uint64_t base_bytes() const { return base_bytes_; }
  std::uint64_t resident_bytes() const { return resident_bytes_; }
  void on_expired(const Now& now) override;

 private:
  void take(std::size_t number, const MemoryAccount& account);
  void look();
  void give_back();
  void tell();
  bool keeps_much_freed() const;
  void grant(std::size_t number);

  std::vector<ShardHost*> shards_;
  ShardHost& home_;
  io::Workers& workers_;
  MemoryLadder ladder_;
  MemoryProbes probes_;
  std::function<void(core::MemoryStep)> on_step_;
  MemoryLines lines_;
  std::vector<MemoryAccount> accounts_;  // by shard
  MemoryAccount all_;
  std::uint64_t base_bytes_ = 0;
  std::uint64_t resident_bytes_ = 0;
  bool giving_back_ = false;
  TimePoint give_back_again_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace naru::server
