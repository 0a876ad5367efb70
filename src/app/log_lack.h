#pragma once
/// What the log lacks for another file, in words for people.

#include <string>
#include <string_view>

#include "storage/wal_options.h"

namespace naru::app {

struct LogLackText {
  std::string_view alarm;   // why publishers wait
  std::string_view what;    // is the matter
  std::string_view remedy;  // what to do about it
};

constexpr LogLackText log_lack_text(storage::LogLack lack) {
  switch (lack) {
    case storage::LogLack::room:
      break;
    case storage::LogLack::descriptors:
      return {.alarm = "there is no descriptor for the log",
              .what = "the process has no descriptor left",
              .remedy = "close connections, or raise its limit on open files (ulimit -n)"};
    case storage::LogLack::listing:
      return {.alarm = "there is no room in the log's manifest",
              .what = "its manifest lists as many files as a start can read",
              .remedy = "purge, consume or delete what is queued; for that a start makes one more"};
  }
  return {.alarm = "there is no room for the log",
          .what = "there is no room on the disk",
          .remedy = "make room on its volume"};
}

}  // namespace naru::app
