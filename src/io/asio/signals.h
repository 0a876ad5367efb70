#pragma once
/// The process's signals, as calls on a loop.

#include <functional>
#include <initializer_list>
#include <memory>

#include "io/asio/loop.h"

namespace naru::io::asio_impl {

/// Keeps `signals` from interrupting any thread and ignores SIGPIPE. Call it first of all in
/// main(), before there are threads: they inherit it.
void block_signals(std::initializer_list<int> signals);

/// Lets `signals` have their default effect on the calling thread again.
void unblock_signals(std::initializer_list<int> signals);

/// Calls `on_signal` on the loop for each arrival of a blocked signal, with its number.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> signals,
          std::move_only_function<void(int)> on_signal);
  ~Signals();

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace naru::io::asio_impl
