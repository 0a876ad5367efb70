#pragma once
/// What somebody has seen comes back flagged. A message that nobody has seen is flagged only when
/// somebody may have: after a crash, or when a channel ended to which it may have been on its way.

#include <map>
#include <set>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class RedeliveredIsHonest final : public Checker {
 public:
  explicit RedeliveredIsHonest(Findings& findings) : Checker("redelivered is honest", findings) {}

  void on_publish(const Message& message) override { published_[message.number] = disturbances_; }
  void on_delivery(const Delivered& delivered) override {
    const bool first = seen_.insert(delivered.copy).second;
    // While a stop is announced leases end before those who hold them have read of them.
    if (!first && !delivered.redelivered && !stopping_) {
      return found(to_string(delivered.copy) + ": delivered again without the flag");
    }
    const auto published = published_.find(delivered.copy.message);
    if (first && delivered.redelivered && published != published_.end() &&
        published->second == disturbances_ && ending_.empty()) {
      found(to_string(delivered.copy) + ": flagged although nobody can have seen it");
    }
  }
  // Between the two the server may still deliver to it.
  void on_holder_lost(ChannelNo holder) override {
    if (!gone_.contains(holder)) ending_.insert(holder);
    ++disturbances_;
  }
  void on_holder_gone(ChannelNo holder) override {
    gone_.insert(holder);
    ending_.erase(holder);
    ++disturbances_;
  }
  void on_stopping() override {
    stopping_ = true;
    ++disturbances_;
  }
  void on_crash(Crash) override {
    stopping_ = false;
    ending_.clear();
    ++disturbances_;
  }

 private:
  std::uint64_t disturbances_ = 0;
  bool stopping_ = false;
  std::map<MessageNo, std::uint64_t> published_;  // by message: disturbances before it
  std::set<Copy> seen_;
  std::set<ChannelNo> ending_;
  std::set<ChannelNo> gone_;
};

}  // namespace naru::sim
