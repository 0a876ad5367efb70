#include "base/result.h"

namespace naru {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::ok:
      return "ok";
    case Errc::need_more:
      return "need_more";
    case Errc::malformed:
      return "malformed";
    case Errc::limit:
      return "limit";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::precondition_failed:
      return "precondition_failed";
    case Errc::resource_locked:
      return "resource_locked";
    case Errc::access_refused:
      return "access_refused";
    case Errc::not_allowed:
      return "not_allowed";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::not_implemented:
      return "not_implemented";
    case Errc::unavailable:
      return "unavailable";
    case Errc::not_owner:
      return "not_owner";
    case Errc::io:
      return "io";
    case Errc::no_space:
      return "no_space";
    case Errc::corrupt:
      return "corrupt";
    case Errc::version:
      return "version";
    case Errc::internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace naru
