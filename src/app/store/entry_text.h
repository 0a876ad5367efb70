#pragma once
/// What entries of the log say, as lines for people.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace naru::app {

/// Bytes between quotes, cut after `shown_max` of them; what is no printable ASCII is escaped, so
/// that no body rewrites a terminal.
std::string quoted(std::string_view bytes, std::size_t shown_max);

/// One line for each fact of a lane's entry (or of a piece of one), such as
///   enqueue to queue 7 seq 1: exchange "" key "q" header 0 bytes, body 2 bytes "hi"
/// What this program does not understand is said to be so.
std::vector<std::string> describe_lane_facts(ByteView payload, bool piece);
/// The same for an entry of metadata.
std::vector<std::string> describe_metadata_facts(ByteView payload);

}  // namespace naru::app
