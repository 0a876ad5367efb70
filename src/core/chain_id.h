#pragma once
/// Names a large body in a lane's log.

#include <cstdint>

#include "base/strong_id.h"

namespace naru::core {

/// Given once: the term of its owner in the upper half, a count in the lower.
using ChainId = StrongId<struct ChainIdTag, std::uint64_t>;

}  // namespace naru::core
