#pragma once
/// What has expired is not handed out any more. What is gone had the time to expire: that is told
/// to the others, who look for what is lost.

#include <map>
#include <vector>

#include "tests/sim/checkers/checker.h"
#include "tests/sim/world/wall_history.h"

namespace naru::sim {

/// The broker read the wall clock some time between the publish and its confirm, and once more
/// between the time from which the delivery can have been decided and its arrival.
class ExpiryIsHonest final : public Checker {
 public:
  /// Both outlive it.
  ExpiryIsHonest(const Now& now, const WallHistory& wall, Findings& findings)
      : Checker("expiry is honest", findings), now_(now), wall_(wall) {}

  void on_publish(const Message& message) override;
  void on_confirm(const Message& message) override;
  void on_delivery(const Delivered& delivered) override;

  /// What may be gone by now.
  std::vector<Copy> may_have_expired() const;

 private:
  struct Life {
    std::vector<std::uint64_t> ttl_ms;  // by queue
    TimePoint published;
    TimePoint confirmed = kNever;
  };

  const Now& now_;
  const WallHistory& wall_;
  std::map<MessageNo, Life> lives_;
};

}  // namespace naru::sim
