#pragma once
/// The operating system's errors as ours.

#include <string_view>

#include "base/result.h"

namespace naru::io::asio_impl {

/// Which of our codes an errno stands for; io when none fits better.
Errc code_of(int os_error);

/// "`subject`: No space left on device".
Error os_error(int os_error, std::string_view subject);

/// The same, ready to return. Reads errno.
std::unexpected<Error> fail_errno(std::string_view subject);

}  // namespace naru::io::asio_impl
