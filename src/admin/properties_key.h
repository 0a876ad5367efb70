#pragma once
/// How the API names a binding.

#include <string>
#include <string_view>

#include "message/value.h"

namespace naru::admin {

/// Names a binding among those between its source and destination: the routing key, and a hash of
/// the arguments when there are any. Clients take it from a listing and hand it back.
std::string properties_key(std::string_view routing_key, const message::Table& arguments);

}  // namespace naru::admin
