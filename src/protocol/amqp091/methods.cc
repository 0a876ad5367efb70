#include "protocol/amqp091/methods.h"

#include <string>

namespace naru::amqp091 {

std::string_view method_name(MethodId id) {
  std::string_view name;
  any_method([&]<typename Method>() {
    if (Method::kId != id) return false;
    name = Method::kName;
    return true;
  });
  return name;
}

std::unexpected<Error> malformed_method(std::string_view name, bool bad_text) {
  if (bad_text) return fail(Errc::malformed, "Malformed UTF-8 in shortstr");
  return fail(Errc::malformed, "cannot decode the fields of " + std::string(name));
}

}  // namespace naru::amqp091
