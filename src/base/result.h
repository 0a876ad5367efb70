#pragma once
/// What can happen in a healthy system is a value: Result<T> carries a T or an Error. What cannot
/// happen is NARU_CHECK (base/check.h).

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace naru {

/// The core's error codes. Every protocol keeps one table from these to codes of its own.
enum class Errc : std::uint8_t {
  ok = 0,
  need_more,  // a parser saw only a prefix; not a failure
  malformed,  // bytes that no valid peer sends
  limit,      // a configured or specified bound was reached
  not_found,
  already_exists,       // and is in the way: a file, an address, an inequivalent declaration
  precondition_failed,  // arguments that will not do, if-unused, if-empty, unknown delivery tag,
                        // ...
  resource_locked,      // exclusive to somebody else
  access_refused,       // authenticated, but not permitted; or a reserved name
  not_allowed,          // forbidden in this place whoever asks
  unauthenticated,
  not_implemented,
  unavailable,  // temporarily: alarm, draining, queue full
  not_owner,    // this node or shard does not own the group
  io,           // the operating system said no; the object is unusable from now on
  no_space,
  corrupt,  // stored bytes fail their check
  version,  // written by a newer version
  internal,
};

/// Returns the code's name, e.g. "not_found".
std::string_view to_string(Errc code);

/// A failure with its one-line reason. `what` never contains a secret and needs no prefix.
struct Error {
  Errc code = Errc::internal;
  std::string what;

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand to return a failure: `return fail(Errc::limit, "frame too large");`
inline std::unexpected<Error> fail(Errc code, std::string what = {}) {
  return std::unexpected<Error>(Error{code, std::move(what)});
}

}  // namespace naru

#define NARU_TRY_CONCAT_(a, b) a##b
#define NARU_TRY_CONCAT(a, b) NARU_TRY_CONCAT_(a, b)
#define NARU_TRY_IMPL(temporary, name, expression)                      \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary).error()); \
  auto name = std::move(*temporary)

/// Declares `name` with the value of `expression`, or returns its error from the enclosing
/// function.
#define NARU_TRY(name, expression) \
  NARU_TRY_IMPL(NARU_TRY_CONCAT(naru_try_, __COUNTER__), name, expression)

/// Evaluates a Result<void> (or one whose value is not wanted) and returns its error from the
/// enclosing function.
#define NARU_TRY_VOID(expression)                                 \
  do {                                                            \
    if (auto naru_try_result = (expression); !naru_try_result)    \
      return std::unexpected(std::move(naru_try_result).error()); \
  } while (false)
