#include "tests/sim/checkers/expiry_is_honest.h"

#include <fmt/format.h>

#include <algorithm>

namespace naru::sim {

void ExpiryIsHonest::on_publish(const Message& message) {
  if (!message.ttl_ms.empty()) lives_[message.number] = {message.ttl_ms, now_.mono};
}

void ExpiryIsHonest::on_confirm(const Message& message) {
  const auto life = lives_.find(message.number);
  if (life != lives_.end()) life->second.confirmed = now_.mono;
}

void ExpiryIsHonest::on_delivery(const Delivered& delivered) {
  const auto found_life = lives_.find(delivered.copy.message);
  if (found_life == lives_.end()) return;
  const Life& life = found_life->second;
  const std::uint64_t ttl_ms = life.ttl_ms[delivered.copy.queue];
  // What comes without time to live may leave in the first dispatch that sees it, whenever that is.
  const TimePoint enqueued = std::min(life.confirmed, now_.mono);
  if (ttl_ms == kNoExpiry || ttl_ms == 0 || wall_.has_jumped(life.published, enqueued)) return;
  const WallMs expires = wall_.most(life.published, enqueued) + static_cast<WallMs>(ttl_ms);
  const WallMs decided = wall_.least(delivered.decided_from, now_.mono);
  if (expires >= decided) return;
  found(fmt::format("{}: delivered {} ms after it had expired", to_string(delivered.copy),
                    decided - expires));
}

std::vector<Copy> ExpiryIsHonest::may_have_expired() const {
  std::vector<Copy> copies;
  for (const auto& [number, life] : lives_) {
    const WallMs enqueued = wall_.least(life.published, std::min(life.confirmed, now_.mono));
    const WallMs latest = wall_.most(life.published, now_.mono);
    for (std::size_t queue = 0; queue < life.ttl_ms.size(); ++queue) {
      const std::uint64_t ttl_ms = life.ttl_ms[queue];
      if (ttl_ms == kNoExpiry || enqueued + static_cast<WallMs>(ttl_ms) > latest) continue;
      copies.push_back({number, static_cast<QueueNo>(queue)});
    }
  }
  return copies;
}

}  // namespace naru::sim
