// What a connection holds in memory, and the room for what it reads and has to keep.

#include <algorithm>
#include <utility>

#include "server/connection.h"
#include "server/shard_host.h"

namespace naru::server {

namespace {
// So much of an incomplete frame anybody may have here without asking.
constexpr std::size_t kFrameBytesFree = 16 * 1024;
}  // namespace

// At the end of each turn in which something happened to it.
void Connection::account() {
  ConnectionMemory held;
  if (is_authenticated_ && phase_ != Phase::dropped) {
    const protocol::SessionMemory session =
        session_ ? session_->memory() : protocol::SessionMemory{};
    held.objects = kObjectsBytes + session.state + (client_ ? client_->memory_bytes() : 0);
    held.input = unread_.capacity() + session.input;
    held.loose = held.input - session.let_in - (frame_room_ ? unread_.capacity() : 0);
    held.output = output_.memory_bytes();
  }
  host_.connection_holds(accounted_, held);
  accounted_ = held;
}

// A large incomplete frame waits for room like an unfinished message.
void Connection::hold_frame_room(std::size_t unread_bytes) {
  frame_waits_ = false;
  if (!is_authenticated_ || unread_bytes < kFrameBytesFree) {
    if (const auto room = std::exchange(frame_room_, std::nullopt)) give_input_room(*room);
    return;
  }
  if (frame_room_) return;
  const std::size_t bytes = session_->input_bytes_max();
  frame_room_ = take_input_room(bytes);
  if (frame_room_) return;
  wait_for_input_room(bytes);
  frame_waits_ = input_waits_ = true;
}

std::optional<std::uint64_t> Connection::take_input_room(std::size_t bytes) {
  return host_.input_room().take(number_, bytes, now().mono);
}

void Connection::wait_for_input_room(std::size_t bytes) {
  host_.wait_for_input_room(*this, bytes);
}

bool Connection::grow_input_room(std::uint64_t ticket, std::size_t bytes) {
  return host_.input_room().grow(ticket, bytes);
}

std::size_t Connection::channels_max() const {
  return host_.channels_max();
}
std::size_t Connection::argument_bytes_max() const {
  return host_.argument_bytes_max();
}
std::size_t Connection::input_room_bytes_max() const {
  return std::min(host_.limits().one_input_bytes_max, host_.input_room().bytes_max());
}

void Connection::give_input_room(std::uint64_t ticket) {
  host_.input_room().give(ticket);
  host_.call_waiting_input();
}

}  // namespace naru::server
