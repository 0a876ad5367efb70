#pragma once
/// The list of protocols: the only place that names them.

#include <memory>
#include <vector>

#include "admin/message_format.h"
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
  /// How the HTTP API reads and writes messages; null without a protocol that can.
  const admin::MessageFormat* message_format() const { return message_format_.get(); }

 private:
  void add(std::unique_ptr<protocol::Module> module, std::vector<io::Endpoint> at);

  std::vector<std::unique_ptr<protocol::Module>> modules_;
  std::vector<ListenerGroup> listeners_;
  std::unique_ptr<admin::MessageFormat> message_format_;
};

}  // namespace naru::app
