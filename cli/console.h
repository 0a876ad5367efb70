#pragma once
/// Where a command reads from and writes to.

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace naru::cli {

/// The terminal, pipes and files that a command was started with; strings in tests.
class Console {
 public:
  virtual ~Console() = default;

  /// Waits for input; 0 at its end. Errors: io.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
  /// False when it could not be written, and from then on: a text with a hole is worse than one
  /// that ends. The command stops; that it failed the end of the program says.
  virtual bool write(std::string_view text) = 0;
  /// What write() failed with first, as errno; 0 when all could be written, EPIPE when nobody reads
  /// any more.
  virtual int write_error_code() const = 0;
  virtual void write_error(std::string_view text) = 0;

  virtual bool input_is_terminal() const = 0;
  virtual bool output_is_terminal() const = 0;
  /// Switches the echo of what is typed; no effect when input is not a terminal.
  virtual void set_echo(bool on) = 0;
};

}  // namespace naru::cli
