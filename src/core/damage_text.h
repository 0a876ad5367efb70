#pragma once
/// What the log says of records that are damaged.

#include <string>

#include "core/queue/lane_sink.h"
#include "core/topology/catalog.h"

namespace naru::core {

/// Whose they are, by the names that operators use, and what becomes of them.
std::string text_of(const Catalog& catalog, const DamagedRecords& records);

}  // namespace naru::core
