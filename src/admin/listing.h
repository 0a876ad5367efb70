#pragma once
/// What a caller may ask of any listing: fewer columns, another order, one page of it.

#include "admin/json.h"
#include "admin/target.h"

namespace naru::admin {

/// Applies `columns`, `sort`, `sort_reverse`, `name`, `page` and `page_size` of the query to an
/// array of objects, and `columns` to a single object. Errors: malformed (numbers that are none,
/// use_regex, which is not known).
Result<json::value> shape_listing(json::value value, const Target& target);

}  // namespace naru::admin
