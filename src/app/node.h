#pragma once
/// One running broker: everything built in order, run, and taken down in reverse. Read node.cc from
/// top to bottom.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/log.h"
#include "base/result.h"

namespace naru::app {

/// What asks the broker to stop: SIGTERM, Ctrl-C, and the end of its terminal unless that was to be
/// ignored (nohup).
std::vector<int> stop_signals();

class Node {
 public:
  Node(Config config, Logger& log);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  struct Listening {
    std::string protocol;  // "amqp", "http"
    io::Endpoint at;       // with the real port
  };

  /// Takes the data directory, recovers, listens. Errors: one line that says what and how to mend
  /// it.
  Result<void> start();
  const std::vector<Listening>& listening() const;
  /// Whether the account of the first start is still as it was then.
  bool guest_has_first_password() const;
  /// Serves until a signal or a failed volume; returns the process's exit code.
  int run();

 private:
  struct Parts;
  Config config_;
  Logger& log_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace naru::app
