#pragma once
/// Makes what a file of definitions lists: RabbitMQ's format, and what GET /api/definitions gives.

#include "admin/json.h"
#include "admin/operations.h"

namespace naru::admin {

/// Reads all of `definitions` before it changes anything, then makes users and vhosts, permissions,
/// exchanges, queues, bindings, in this order; answers `call` at the end. What is there already
/// stays as it is, but for users and permissions, which become what is listed. Names that begin
/// with "amq." are the broker's own and are passed over. The first failure is the answer; what was
/// made before stays. Everything goes into `tenant`, without users, vhosts and permissions, or,
/// when that is empty, where it says. `definitions` is not looked at after the call.
void import_definitions(const CallRef& call, const json::object& definitions,
                        const std::string& tenant);

}  // namespace naru::admin
