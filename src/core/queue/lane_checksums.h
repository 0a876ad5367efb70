#pragma once
/// The checksums that stand in front of records, pages and fragments, for whoever reads one of them
/// alone. Format: docs/formats/lane.md.

#include <cstddef>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"
#include "core/queue/lane_facts.h"

namespace naru::core {

/// Told where, in the bytes given, and what is wrong there: corrupt; version: only a newer program
/// can read it.
using WrongPlace = std::function<void(std::size_t offset, const Error& error)>;

/// Compares each with what it is of, and tells of those that do not match; of what is not readable
/// too. For offline tools: a start trusts the checksum of the entry.
void check_checksums(ByteView bytes, FactReader::Form form, const WrongPlace& tell);

}  // namespace naru::core
