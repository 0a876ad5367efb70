// What a shard holds in memory, and what it does when that is short.

#include <algorithm>
#include <optional>
#include <utility>

#include "core/memory_bounds.h"
#include "server/memory_watch.h"
#include "server/shard_host.h"

namespace naru::server {

namespace {
constexpr Duration kBetweenReports = std::chrono::seconds(1);
constexpr Duration kBetweenLooks = std::chrono::milliseconds(250);
}  // namespace

MemoryAccount ShardHost::memory() const {
  MemoryAccount all;
  all[MemoryTerm::connections] = connections_memory_.objects;
  all[MemoryTerm::input] = connections_memory_.input;
  all[MemoryTerm::output] = connections_memory_.output;
  all[MemoryTerm::strangers] += strangers_.bytes();
  all[MemoryTerm::caches] += buffers_.kept_bytes() + read_buffer_.capacity();
  for (const TimedPart* part : parts_) all[MemoryTerm::http] += part->memory_bytes();
  broker_->add_memory(all);
  return all;
}

void ShardHost::report_memory_to(MemoryWatch& watch) {
  memory_watch_ = &watch;
  reported_memory_ = memory();
}

void ShardHost::report_memory() {
  if (memory_watch_ == nullptr) return;
  const MemoryAccount held = memory();
  const std::uint64_t before = reported_memory_.sum();
  const std::uint64_t sum = held.sum();
  const bool by_much =
      std::max(sum, before) - std::min(sum, before) >= limits_.memory_reported_bytes;
  // Without waiting for an answer a shard grows to what it was granted, and no further.
  const bool beyond = sum > granted_memory_;
  hold_publishes(beyond);
  const bool in_time = now().mono >= next_memory_report_ && held != reported_memory_;
  if (!by_much && !in_time && (!beyond || grant_awaited_)) return;
  grant_awaited_ = true;
  reported_memory_ = held;
  next_memory_report_ = now().mono + kBetweenReports;
  memory_watch_->report(id_.value, held);
}

void ShardHost::grant_memory(std::uint64_t bytes) {
  granted_memory_ = bytes;
  grant_awaited_ = false;
  hold_publishes(memory().sum() > bytes);
}

void ShardHost::hold_publishes(bool held) {
  if (std::exchange(publishes_held_, held) == held) return;
  broker_->hold_publishes(held);
  run_again();  // who waits goes on
}

void ShardHost::set_memory_step(core::MemoryStep step) {
  memory_step_ = step;
  const core::MemoryBounds& bounds = core::bounds_at(step);
  buffers_.keep(bounds.keeps_idle_buffers ? limits_.idle_buffers_bytes_max : 0);
  broker_->set_memory_step(step);
  if (slots_ != nullptr && id_ == core::ShardId(0)) {
    slots_->hold_growth(bounds.connections_beyond);
  }
  run_again();
}

// Of answers, which their connections asked for: deliveries have their own bound. From page_out on
// it is what thousands of connections that do not read may have each.
std::size_t ShardHost::output_high_bytes() const {
  return std::min(limits_.output_high_bytes, core::bounds_at(memory_step_).answer_bytes);
}

// ---- Room for what is kept until it is complete

void ShardHost::wait_for_input_room(Connection& connection, std::size_t bytes) {
  input_room_.wait(connection.number(), bytes);
  if (deadlines_.scheduled(input_patience_) == kNever) {
    deadlines_.set(input_patience_, now().mono + kBetweenLooks);
  }
}

void ShardHost::call_waiting_input() {
  while (const auto number = input_room_.call_next()) {
    if (Connection* connection = find(*number)) connection->resume_input();
  }
}

// Whoever is called comes at once, or stands in line anew: it may want nothing any more, as its
// channel was closed, or be held up by something else, for as long as its client likes.
void ShardHost::continue_input(Connection& connection) {
  connection.continue_input();
  const bool comes_next_turn = connection.resuming_;
  if (!comes_next_turn) input_room_.give_kept(connection.number());
  call_waiting_input();  // it may have taken less than was kept, too
}

void ShardHost::forget_input_of(Connection& connection) {
  input_room_.forget(connection.number());
  call_waiting_input();
}

void ShardHost::InputPatience::on_expired(const Now& now) {
  if (host_.input_room_.waiting() == 0) return;
  host_.deadlines_.set(*this, now.mono + kBetweenLooks);
  for (const std::uint64_t number : host_.input_room_.overdue(now.mono)) {
    Connection* connection = host_.find(number);
    if (connection == nullptr) continue;
    host_.warn_of_limit(
        "unfinished messages, frames and transactions take all the room there is for them");
    connection->request_close(
        Errc::limit, "an unfinished message, frame or transaction kept others waiting for memory");
  }
}

// Where much was read that nobody could act on yet it is as where publishers are slowed down, and
// where it is too much, as where they are stopped. As much may come back as answers: no more is
// read than may be unsent.
std::size_t ShardHost::read_bytes_max() const {
  using enum core::MemoryStep;
  const bool too_much = connections_memory_.loose >= limits_.loose_input_bytes_max;
  const core::MemoryStep at_least = too_much ? stop : has_much_loose_input() ? slow : normal;
  const core::MemoryStep step = std::max(memory_step_, at_least);
  return std::min(core::bounds_at(step).read_bytes, limits_.output_high_bytes);
}

}  // namespace naru::server
