#include "admin/user_body.h"

#include "security/password.h"

namespace naru::admin {

Result<std::string> tags_of(const json::object& object) {
  const json::value* value = object.if_contains("tags");
  if (value == nullptr) {
    return fail(Errc::malformed,
                "tags are missing; \"\" is none, \"administrator\" may do everything");
  }
  std::string text;
  if (value->is_array()) {
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return fail(Errc::malformed, "tags must be texts");
      if (!text.empty()) text += ',';
      text.append(item.get_string().data(), item.get_string().size());
    }
  } else if (value->is_string()) {
    text.assign(value->get_string().data(), value->get_string().size());
  } else {
    return fail(Errc::malformed, "tags must be a list, or a text with commas");
  }
  std::erase(text, ' ');
  return text;
}

Result<std::optional<std::string>> password_hash_of(const json::object& object) {
  NARU_TRY(hash, text_member(object, "password_hash"));
  if (!hash) return std::nullopt;
  NARU_TRY(algorithm, text_member(object, "hashing_algorithm"));
  NARU_TRY(stored, security::import_hash(*hash, algorithm.value_or("")));
  return stored;
}

}  // namespace naru::admin
