#pragma once
/// A port to background threads for slow work: password hashing, name lookups, polling a volume.

#include "io/scheduler.h"

namespace naru::io {

/// A bounded way to a pool of background threads, as one loop sees it.
class Workers {
 public:
  virtual ~Workers() = default;

  /// Runs `work` on a background thread, then `done` on this loop. `work` touches nothing that a
  /// loop owns. False, and nothing is kept, when too much is queued already: the caller refuses.
  virtual bool submit(Task work, Task done) = 0;
};

}  // namespace naru::io
