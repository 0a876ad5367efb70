#pragma once
/// The process's signals, as calls on a loop.

#include <functional>
#include <memory>
#include <vector>

#include "io/asio/loop.h"

namespace naru::io::asio_impl {

/// Keeps `signals` from interrupting any thread and ignores SIGPIPE. Call it first of all in
/// main(), before there are threads: they inherit it.
void block_signals(const std::vector<int>& signals);

/// Lets `signals` have their default effect on the calling thread again.
void unblock_signals(const std::vector<int>& signals);

/// Without those that whoever started the process wants ignored: as soon as they are blocked they
/// would arrive after all.
std::vector<int> without_ignored(std::vector<int> signals);

/// Calls `on_signal` on the loop for each arrival of a blocked signal, with its number.
class Signals {
 public:
  Signals(Loop& loop, const std::vector<int>& signals,
          std::move_only_function<void(int)> on_signal);
  ~Signals();

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace naru::io::asio_impl
