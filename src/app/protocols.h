#pragma once
/// The list of protocols: the only place that names them.

#include <memory>
#include <vector>

#include "app/config.h"
#include "protocol/module.h"

namespace naru::app {

struct ListenerGroup {
  std::vector<io::Endpoint> at;
  const protocol::Module* module = nullptr;
};

/// All protocols of this build, made once per process.
class Protocols {
 public:
  explicit Protocols(const Config& config);

  /// Which protocol listens where, by the settings listeners.NAME.
  const std::vector<ListenerGroup>& listeners() const { return listeners_; }

 private:
  void add(std::unique_ptr<protocol::Module> module, std::vector<io::Endpoint> at);

  std::vector<std::unique_ptr<protocol::Module>> modules_;
  std::vector<ListenerGroup> listeners_;
};

}  // namespace naru::app
