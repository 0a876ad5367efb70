#include "app/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace naru::app {

void reserve_standard_streams() {
  for (const int stream : std::array{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    // The least number that is free, which is this one. Where it fails there is nobody to tell.
    (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace naru::app
