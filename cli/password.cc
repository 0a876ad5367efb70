#include "cli/password.h"

namespace naru::cli {

namespace {

constexpr std::size_t kPasswordBytesMax = 1024;

Outcome<std::string> read_line(Console& console) {
  std::string line;
  char next = 0;
  while (line.size() < kPasswordBytesMax) {
    const auto count = console.read({&next, 1});
    if (!count) return failed(Exit::failure, "cannot read the input: " + count.error().what);
    if (*count == 0 || next == '\n') break;
    line += next;
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Outcome<std::string> prompt(Console& console, std::string_view question) {
  console.write_error(question);
  console.set_echo(false);
  auto line = read_line(console);
  console.set_echo(true);
  console.write_error("\n");
  return line;
}

}  // namespace

Outcome<std::string> read_new_password(Console& console) {
  const bool asks = console.input_is_terminal();
  NARU_TRY(password, asks ? prompt(console, "New password: ") : read_line(console));
  if (password.empty()) {
    return failed(Exit::usage, "a password is needed: type it, or pipe it in as one line");
  }
  if (!asks) return password;
  NARU_TRY(again, prompt(console, "Once more: "));
  if (again != password) return failed(Exit::usage, "the two differ; nothing was changed");
  return password;
}

}  // namespace naru::cli
