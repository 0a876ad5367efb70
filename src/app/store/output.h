#pragma once
/// Where the commands of `naru store` print their lines.

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/result.h"

namespace naru::app {

/// Lines on their way to a file. After one that could not be written no other is.
class Output {
 public:
  /// `file` outlives this.
  explicit Output(std::FILE* file) : file_(file) {}

  template <typename... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    write(fmt::format(text, std::forward<Args>(args)...));
  }
  void write(std::string_view text) {
    if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) note();
  }
  /// Nothing arrives any more.
  bool lost() const { return error_ != 0; }
  /// Writes what is left. A reader that has gone has seen enough. Errors: io: lines were lost.
  Result<void> finish() {
    if (error_ == 0 && std::fflush(file_) != 0) note();
    if (error_ == 0 || error_ == EPIPE) return {};
    return fail(Errc::io,
                "what was found cannot be printed: " + std::generic_category().message(error_));
  }

 private:
  void note() { error_ = errno != 0 ? errno : EIO; }

  std::FILE* file_;
  int error_ = 0;
};

}  // namespace naru::app
