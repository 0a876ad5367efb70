#include "io/asio/os_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace naru::io::asio_impl {

Errc code_of(int os_error) {
  switch (os_error) {
    case EAGAIN:
      return Errc::need_more;
    case ENOENT:
      return Errc::not_found;
    case EEXIST:
    case EADDRINUSE:
      return Errc::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::access_refused;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // the limit on the size of files (ulimit -f)
      return Errc::no_space;
    case EMFILE:
    case ENFILE:
      return Errc::limit;
    default:
      return Errc::io;
  }
}

Error os_error(int os_error, std::string_view subject) {
  return {code_of(os_error),
          fmt::format("{}: {}", subject, std::generic_category().message(os_error))};
}

std::unexpected<Error> fail_errno(std::string_view subject) {
  return std::unexpected(os_error(errno, subject));
}

}  // namespace naru::io::asio_impl
