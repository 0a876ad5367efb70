#include "publisher.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "process.h"

namespace naru::bench {
namespace {

// One send() of this size costs little per message and leaves the window some turns.
constexpr std::size_t kBurstBytes = 64 * 1'024;

}  // namespace

Publisher::Publisher(Connection connection, const Options& options, int number, Tally& tally)
    : connection_(std::move(connection)), tally_(tally), count_(options.count) {
  if (options.window > 0) {
    window_.emplace(options.window);
    FrameWriter select;
    select.begin(1, Method::confirm_select).u8(0).end();
    connection_.call(select, Method::confirm_select_ok);
  }
  if (options.rate > 0) {
    interval_ns_ = 1e9 * options.publishers / options.rate;
    lag_ns_ = interval_ns_ * number / options.publishers;
  }
  const std::string exchange = options.fanout ? fanout_exchange(options) : std::string();
  const std::string queue = queue_name(options, number);
  const MessageTemplate message = make_message({.exchange = exchange,
                                                .routing_key = queue,
                                                .body_bytes = options.size,
                                                .persistent = options.persistent,
                                                .payload_max = connection_.payload_max()});
  message_bytes_ = message.bytes.size();
  stamp_at_ = message.stamp_at;
  burst_ = std::max<std::uint64_t>(1, kBurstBytes / message_bytes_);
  if (options.window > 0) burst_ = std::min<std::uint64_t>(burst_, options.window);
  for (std::uint64_t i = 0; i < burst_; ++i) block_ += message.bytes;
  connection_.start_load();
}

std::uint64_t Publisher::due_of(std::uint64_t message) const {
  return started_ns_ + static_cast<std::uint64_t>(static_cast<double>(message) * interval_ns_);
}

std::uint64_t Publisher::allowed(std::uint64_t now) const {
  std::uint64_t count = burst_;
  if (window_) count = std::min(count, window_->room());
  if (count_ > 0) count = std::min(count, count_ - published_);
  if (interval_ns_ > 0) {
    if (now < started_ns_) return 0;
    const double elapsed = static_cast<double>(now - started_ns_);
    const auto due = static_cast<std::uint64_t>(elapsed / interval_ns_) + 1;
    count = std::min(count, due > published_ ? due - published_ : 0);
  }
  return count;
}

void Publisher::stamp(std::uint64_t count, std::uint64_t now) {
  char* at = block_.data() + stamp_at_;
  for (std::uint64_t i = 0; i < count; ++i, at += message_bytes_) {
    // A paced message counts from when it was due: a stalled broker must not hide its own delay.
    const std::uint64_t stamp = interval_ns_ > 0 ? due_of(published_ + i) : now;
    std::memcpy(at, &stamp, sizeof stamp);
    if (window_ && interval_ns_ > 0) window_->sent(1, stamp);
  }
  if (window_ && interval_ns_ == 0) window_->sent(count, now);
  published_ += count;
  unsent_ = std::string_view(block_).substr(0, count * message_bytes_);
  unsent_messages_ = count;
}

bool Publisher::flush() {
  unsent_.remove_prefix(connection_.send_some(unsent_));
  if (!unsent_.empty()) return false;
  Tally::add(tally_.sent, std::exchange(unsent_messages_, 0));
  return true;
}

Publisher::Wait Publisher::pump(std::uint64_t now, bool draining) {
  if (started_ns_ == 0) started_ns_ = now + static_cast<std::uint64_t>(lag_ns_);
  if (!unsent_.empty() && !flush()) return Wait::socket;
  if (draining || (count_ > 0 && published_ == count_)) return Wait::done;
  const std::uint64_t count = allowed(now);
  if (count == 0) return window_ && window_->room() == 0 ? Wait::confirm : Wait::time;
  stamp(count, now);
  return flush() ? Wait::turn : Wait::socket;
}

void Publisher::on_readable() {
  if (!connection_.receive()) return;
  const std::uint64_t now = now_ns();
  connection_.each_frame([&](const Frame& frame) { on_confirm(frame, now); });
}

void Publisher::on_confirm(const Frame& frame, std::uint64_t now) {
  if (frame.type != kFrameMethod) return;
  const Method method = frame.method();
  if ((method != Method::basic_ack && method != Method::basic_nack) || !window_) {
    fail_on_close(frame);
    return;
  }
  if (frame.payload.size() < 13) fail("a confirm is too short");
  const auto tag = load_big<std::uint64_t>(frame.payload.data() + 4);
  const bool multiple = (frame.payload[12] & 1) != 0;
  const bool accepted = method == Method::basic_ack;
  const std::uint64_t settled =
      window_->settle(tag, multiple, [&](std::uint64_t stamp, std::uint64_t count) {
        if (accepted && tally_.recording) tally_.confirm.add(now - stamp, count);
      });
  Tally::add(accepted ? tally_.confirmed : tally_.refused, settled);
}

}  // namespace naru::bench
