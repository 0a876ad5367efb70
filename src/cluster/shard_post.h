#pragma once
/// The port through which shards hand each other work. server/ implements it with its mailboxes.

#include "core/ids.h"
#include "io/scheduler.h"

namespace naru::cluster {

/// Callable from any shard.
class ShardPost {
 public:
  virtual ~ShardPost() = default;
  /// Runs `task` on `shard`'s loop in a later turn, in the order posted from this shard.
  virtual void post(core::ShardId shard, io::Task task) = 0;
};

}  // namespace naru::cluster
