#pragma once
/// Makes what a file of definitions lists: RabbitMQ's format, and what GET /api/definitions gives.

#include <cstddef>
#include <string>

#include "admin/operations.h"

namespace naru::admin {

/// So many changes of an import are under way at a time, and no further one when these hold as much
/// as this.
inline constexpr std::size_t kChangesTogether = 256;
inline constexpr std::size_t kChangesTogetherBytes = 1u << 20;

/// Waits for its turn, parses the call's body and decides all that is in it, some in each turn,
/// before it changes anything, then makes users, vhosts, permissions, exchanges, queues, bindings,
/// in this order, some in each turn; answers `call` at the end. What is there already stays as it
/// is, but for users and permissions, which become what is listed. Names that begin with "amq." are
/// the broker's own and are passed over. The first failure is the answer; what was made before
/// stays. Everything goes into `tenant`, without users, vhosts and permissions, or, when that is
/// empty, where it says. The parsed body is held until the end.
void import_definitions(const CallRef& call, std::string tenant);

}  // namespace naru::admin
