#pragma once
/// Background threads without threads: what is submitted is done at once, and answered in a turn.

#include <utility>

#include "io/workers.h"
#include "tests/sim/world/loop.h"

namespace naru::sim {

class Workers final : public io::Workers {
 public:
  explicit Workers(Loop& loop) : loop_(loop) {}
  bool submit(io::Task work, io::Task done) override {
    work();
    loop_.post(std::move(done));
    return true;
  }

 private:
  Loop& loop_;
};

}  // namespace naru::sim
