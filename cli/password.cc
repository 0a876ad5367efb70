#include "cli/password.h"

namespace naru::cli {

namespace {

constexpr std::size_t kPasswordBytesMax = 1024;

std::string read_line(Console& console) {
  std::string line;
  char next = 0;
  while (line.size() < kPasswordBytesMax && console.read({&next, 1}) == 1 && next != '\n') {
    line += next;
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string prompt(Console& console, std::string_view question) {
  console.write_error(question);
  console.set_echo(false);
  std::string line = read_line(console);
  console.set_echo(true);
  console.write_error("\n");
  return line;
}

}  // namespace

Outcome<std::string> read_new_password(Console& console) {
  const bool asks = console.input_is_terminal();
  std::string password = asks ? prompt(console, "New password: ") : read_line(console);
  if (password.empty()) {
    return failed(Exit::usage, "a password is needed: type it, or pipe it in as one line");
  }
  if (asks && prompt(console, "Once more: ") != password) {
    return failed(Exit::usage, "the two differ; nothing was changed");
  }
  return password;
}

}  // namespace naru::cli
