#include "tests/support/session_peer.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace naru::testing {

void SessionPeer::send(std::string_view octets) {
  unread_ += octets;
  offer();
}

void SessionPeer::offer() {
  bool again = true;
  while (again && !closed_ && !broken_) {
    resumed_ = false;
    // A copy of exactly the unread octets, so that a sanitizer sees the first one read beyond.
    const std::vector<char> exact(unread_.begin(), unread_.end());
    const auto used = session_->on_bytes(as_bytes({exact.data(), exact.size()}));
    if (!used) {
      broken_ = true;
      return;
    }
    NARU_CHECK(*used <= unread_.size(), "no more was taken than was there");
    unread_.erase(0, *used);
    again = resumed_;
  }
}

void SessionPeer::events(std::span<const core::Event> batch) {
  resumed_ = false;
  session_->on_events(batch);
  if (resumed_) offer();
}

void SessionPeer::tick() {
  if (!closed_ && session_->next_deadline() <= now_.mono) session_->on_deadline(now_.mono);
}

void SessionPeer::hang_up() {
  session_->on_closed();
  session_ = nullptr;
}

std::size_t SessionPeer::room_taken() const {
  std::size_t bytes = 0;
  for (const auto& [ticket, held] : rooms_) bytes += held;
  return bytes;
}

std::optional<std::uint64_t> SessionPeer::take_input_room(std::size_t bytes) {
  if (bytes > room_bytes_ - room_taken()) return std::nullopt;
  rooms_[++tickets_] = bytes;
  return tickets_;
}

bool SessionPeer::grow_input_room(std::uint64_t ticket, std::size_t bytes) {
  if (bytes > room_bytes_ - room_taken()) return false;
  rooms_.at(ticket) += bytes;
  return true;
}

std::string SessionPeer::take_output() {
  std::string octets;
  std::array<ByteView, 16> pieces;
  while (output_.sendable_bytes() != 0) {
    const std::size_t count = output_.gather(pieces);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      octets += as_text(pieces[i]);
      bytes += pieces[i].size();
    }
    output_.consume(bytes);
  }
  return octets;
}

}  // namespace naru::testing
