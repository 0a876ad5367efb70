#pragma once
/// The process's standard input, output and error.

#include "cli/console.h"

namespace naru::cli {

class StandardConsole final : public Console {
 public:
  StandardConsole();
  Result<std::size_t> read(std::span<char> into) override;
  bool write(std::string_view text) override;
  int write_error_code() const override { return write_error_code_; }
  void write_error(std::string_view text) override;
  bool input_is_terminal() const override;
  bool output_is_terminal() const override;
  void set_echo(bool on) override;

 private:
  int write_error_code_ = 0;
};

}  // namespace naru::cli
