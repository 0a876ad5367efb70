#pragma once
/// A large body as it lies in the log: a chain of fragments (docs/formats/lane.md).

#include <cstdint>
#include <vector>

#include "core/chain_id.h"
#include "core/journal.h"

namespace naru::core {

/// Immutable once its record is visible, and then shared by all who read it. What it names stays in
/// the log as long as a queue has the record, or somebody holds on to this.
struct StoredBody {
  ChainId id;
  BodyRead head;                // the record without its body
  std::uint64_t bytes = 0;      // of all parts
  std::vector<BodyRead> parts;  // without the checksums in front of them; none is empty
};

}  // namespace naru::core
