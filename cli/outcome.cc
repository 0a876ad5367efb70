#include "cli/outcome.h"

namespace naru::cli {

Exit exit_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return Exit::not_found;
    case Errc::already_exists:
    case Errc::precondition_failed:
    case Errc::resource_locked:
      return Exit::conflict;
    case Errc::access_refused:
    case Errc::not_allowed:
    case Errc::unauthenticated:
      return Exit::permission;
    case Errc::unavailable:
    case Errc::io:
      return Exit::unreachable;
    default:
      return Exit::failure;
  }
}

}  // namespace naru::cli
