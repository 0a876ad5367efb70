#pragma once
/// The limit on open files of the process, and how it is shared out.

#include <cstdint>

namespace naru::app {

/// Raises the soft limit to the hard one, and returns what holds then. Before the first thread.
std::uint64_t raise_open_files_limit();

struct OpenFilesShares {
  std::uint64_t connections_max = 0;       // of the protocols
  std::uint64_t http_connections_max = 0;  // of administration
};

/// What connections may take of `limit`, so that the log, which has a file open for each that it
/// needs, and administration always have theirs. `wanted` connections are had where they fit; 0: as
/// many as fit.
OpenFilesShares share_open_files(std::uint64_t limit, std::uint64_t wanted);

}  // namespace naru::app
