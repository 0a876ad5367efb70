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
  explicit ProcessStatus(Fill fill) : fill_(std::move(fill)) {}

  admin::NodeStatus status() const override;

 private:
  Fill fill_;
};

}  // namespace naru::app
