#include "cli/standard_console.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace naru::cli {

namespace {
/// 0, or why not, as errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}
}  // namespace

StandardConsole::StandardConsole() {
  // `naru consume q | head` shall settle what it printed, not die.
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::size_t> StandardConsole::read(std::span<char> into) {
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail(Errc::io, std::generic_category().message(errno));
  }
}

bool StandardConsole::write(std::string_view text) {
  if (write_error_code_ == 0) write_error_code_ = write_all(STDOUT_FILENO, text);
  return write_error_code_ == 0;
}
void StandardConsole::write_error(std::string_view text) {
  write_all(STDERR_FILENO, text);
}
bool StandardConsole::input_is_terminal() const {
  return ::isatty(STDIN_FILENO) == 1;
}
bool StandardConsole::output_is_terminal() const {
  return ::isatty(STDOUT_FILENO) == 1;
}

void StandardConsole::set_echo(bool on) {
  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) != 0) return;
  if (on) {
    settings.c_lflag |= ECHO;
  } else {
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
}

}  // namespace naru::cli
