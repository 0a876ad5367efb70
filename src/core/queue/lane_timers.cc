// What time does to queues: records expire at the head, unused queues go.

#include <algorithm>

#include "base/mutant.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

namespace {
Duration milliseconds(std::uint64_t count) {
  // A hundred years are for ever, and fit nanoseconds.
  constexpr std::uint64_t kMax = 100ULL * 365 * 24 * 3600 * 1000;
  return std::chrono::milliseconds(std::min(count, kMax));
}
}  // namespace

// A record that came without time to live may still leave in the first dispatch that sees it.
bool Lane::Impl::is_over(const Queue& queue, const IndexEntry& entry, Seq seq) const {
  if (NARU_MUTANT(deliver_expired)) return false;
  if (NARU_MUTANT(expire_early)) return true;
  return entry.expires_at_ms <= now_.wall_ms &&
         !(entry.has(IndexEntry::kAtOnce) && seq >= queue.first_chance);
}

// After a dispatch: takes out what expired at the head and sets the time to look again. A blocked
// dispatch is repeated anyway, when the write or the read that it waits for is done.
void Lane::Impl::arm_timer(Queue& queue, bool blocked) {
  TimePoint at = kNever;
  Seq seq;
  const IndexEntry* head = blocked ? nullptr : next_ready(queue, seq);
  if (head != nullptr && head->expires_at_ms != 0) {
    const WallMs left = std::max<WallMs>(head->expires_at_ms - now_.wall_ms, 0);
    at = now_.mono + milliseconds(static_cast<std::uint64_t>(left));
  }
  if (head == nullptr && !blocked) {
    const IndexPage* page = queue.order.peek_page(queue.index);
    if (page != nullptr && page->earliest_expiry != 0) {
      // Its head may expire then: only the page itself says.
      const WallMs left = std::max<WallMs>(page->earliest_expiry - now_.wall_ms, 0);
      if (left == 0) read_pages(queue, 0);
      at = left == 0 ? kNever : now_.mono + milliseconds(static_cast<std::uint64_t>(left));
    }
  }
  if (queue.settings.expires_ms && queue.consumers.count() == 0 && !queue.unused_told) {
    if (queue.used == kNever) queue.used = now_.mono;  // recovery starts the time anew
    at = std::min(at, queue.used + milliseconds(*queue.settings.expires_ms));
  }
  if (at >= queue.armed) return;
  queue.armed = at;
  timers_.set(at, queue.id);
}

void Lane::Impl::touch(Queue& queue, const Now& now) {
  queue.used = now.mono;
}

TimePoint Lane::Impl::next_deadline() const {
  return owner_ ? timers_.next() : kNever;
}

void Lane::Impl::on_deadline(const Now& now) {
  if (stopped_) return;
  QueueTimers::Timer timer;
  while (timers_.pop_due(now.mono, timer)) {
    Queue* queue = find(timer.queue);
    if (queue == nullptr || queue->armed != timer.at) continue;
    queue->armed = kNever;
    want_dispatch(*queue);
    if (!queue->settings.expires_ms || queue->consumers.count() != 0 || queue->unused_told ||
        queue->used + milliseconds(*queue->settings.expires_ms) > now.mono)
      continue;
    queue->unused_told = true;
    sink_.on_queue_unused(QueueRef{queue->id, id_});
  }
}

}  // namespace naru::core
