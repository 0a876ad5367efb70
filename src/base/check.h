#pragma once
/// What cannot happen is a check that aborts, in release builds too (docs/adr: errors).

#include <string_view>

namespace naru {

/// Prints the broken assumption with its place to standard error and aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view what, const char* file,
                               int line);

}  // namespace naru

/// Aborts when `condition` does not hold. `what` is a string literal that says what was assumed.
#define NARU_CHECK(condition, what)                               \
  do {                                                            \
    if (!(condition)) [[unlikely]]                                \
      ::naru::check_failed(#condition, what, __FILE__, __LINE__); \
  } while (false)
