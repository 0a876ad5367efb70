#pragma once
/// What this process tells its administrators about itself.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "admin/node_port.h"

namespace naru::app {

/// Reads the process's use of memory and descriptors, which the kernel knows. Errors show as zeros.
class ProcessStatus final : public admin::NodePort {
 public:
  /// Adds what the node knows; called for each status().
  using Fill = std::function<void(admin::NodeStatus&)>;
  ProcessStatus(Fill fill, std::function<bool()> log_is_full)
      : fill_(std::move(fill)), log_is_full_(std::move(log_is_full)) {}

  admin::NodeStatus status() const override;
  bool log_is_full() const override { return log_is_full_(); }

 private:
  Fill fill_;
  std::function<bool()> log_is_full_;
};

}  // namespace naru::app
