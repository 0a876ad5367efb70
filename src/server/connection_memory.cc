// What a connection holds in memory, and the room for what it reads and has to keep.

#include "server/connection.h"
#include "server/shard_host.h"

namespace naru::server {

// At the end of each turn in which something happened to it.
void Connection::account() {
  ConnectionMemory held;
  if (is_authenticated_ && phase_ != Phase::dropped) {
    const protocol::SessionMemory session =
        session_ ? session_->memory() : protocol::SessionMemory{};
    held.objects = kObjectsBytes + session.state;
    held.input = unread_.capacity() + session.input;
    held.output = output_.memory_bytes();
  }
  host_.connection_holds(accounted_, held);
  accounted_ = held;
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

std::size_t Connection::input_room_bytes_max() const {
  return host_.input_room().bytes_max();
}

void Connection::give_input_room(std::uint64_t ticket) {
  host_.input_room().give(ticket);
  host_.call_waiting_input();
}

}  // namespace naru::server
