#pragma once
/// The arguments of declarations that Naru knows: what they may be, and what follows from them.

#include <string>

#include "base/result.h"
#include "core/topology/infos.h"
#include "message/value.h"

namespace naru::core {

/// The argument alternate-exchange, or empty.
std::string alternate_of(const message::Table& arguments);

/// What the queue's lane needs to know of it.
QueueSettings settings_of(const QueueInfo& queue);

}  // namespace naru::core
