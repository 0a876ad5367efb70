#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "frames.h"
#include "history.h"

namespace naru::faults {

/// A message as it is published: three kinds of frames, its id among the properties.
bench::FrameWriter message_frames(const Source& source, const MessageId& id);
/// The id in a content header; empty when it has other properties than those above.
std::string message_id_of(const bench::Frame& header);
/// Asks for one message, to be acknowledged.
bench::FrameWriter get_frame(std::size_t queue);
/// Asks how much the queue holds.
bench::FrameWriter passive_declare(std::size_t queue);
/// The answer to that.
std::uint64_t length_of(const bench::Frame& declare_ok);

}  // namespace naru::faults
