// naru_ceiling PORT LOGFILE|-: the practical ceiling; see ceiling.h.
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ceiling.h"

int main(int argc, char** argv) {
  const int port = argc == 3 ? std::atoi(argv[1]) : 0;
  if (port < 1 || port > 65'535) {
    std::fprintf(stderr, "usage: naru_ceiling PORT LOGFILE|-\n");
    return 2;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  // Before the log's thread starts, so that it inherits the mask.
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int stop_fd = signalfd(-1, &stop, SFD_CLOEXEC);
  const bool logs = std::strcmp(argv[2], "-") != 0;
  naru::bench::Ceiling ceiling(static_cast<std::uint16_t>(port), logs ? argv[2] : "");
  ceiling.run(stop_fd);
  return 0;
}
