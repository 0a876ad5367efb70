#pragma once
/// What requests and files of definitions say of a user.

#include <optional>
#include <string>

#include "admin/json.h"

namespace naru::admin {

/// The member `tags`: a list or a text with commas, as clients send either. Without blanks. Errors:
/// malformed.
Result<std::string> tags_of(const json::object& object);

/// The members `password_hash` and `hashing_algorithm`, as the broker stores them; nothing without
/// a hash. Errors: malformed, not_implemented.
Result<std::optional<std::string>> password_hash_of(const json::object& object);

}  // namespace naru::admin
