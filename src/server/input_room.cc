#include "server/input_room.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace naru::server {

// Small things have an eighth of their own on top.
bool InputRoom::fits(std::size_t bytes) const {
  if (bytes_ == 0) return true;
  const std::size_t most = bytes <= small_bytes_ ? bytes_max_ + bytes_max_ / 8 : bytes_max_;
  return bytes <= most && bytes_ <= most - bytes;
}

std::optional<std::uint64_t> InputRoom::take(std::uint64_t connection, std::size_t bytes,
                                             TimePoint now) {
  const bool was_called = give_kept(connection);
  const bool its_turn = was_called || line_for(bytes).empty();
  if (!its_turn || !fits(bytes)) return std::nullopt;
  bytes_ += bytes;
  holders_.emplace(++tickets_, Holder{.connection = connection, .bytes = bytes, .since = now});
  return tickets_;
}

bool InputRoom::grow(std::uint64_t ticket, std::size_t bytes) {
  const auto holder = holders_.find(ticket);
  NARU_CHECK(holder != holders_.end(), "only what was taken grows");
  const bool is_alone = holder->second.bytes == bytes_;
  if (!is_alone && !fits(bytes)) return false;
  holder->second.bytes += bytes;
  bytes_ += bytes;
  return true;
}

void InputRoom::give(std::uint64_t ticket) {
  const auto holder = holders_.find(ticket);
  NARU_CHECK(holder != holders_.end(), "what was taken is given back once");
  bytes_ -= holder->second.bytes;
  holders_.erase(holder);
}

void InputRoom::wait(std::uint64_t connection, std::size_t bytes) {
  Line& line = line_for(bytes);
  if (std::ranges::find(line, connection, &Waiter::connection) == line.end()) {
    line.push_back({connection, bytes});
  }
}

std::optional<std::uint64_t> InputRoom::call_next() {
  const auto small = call_from(small_line_);
  return small ? small : call_from(line_);
}

std::optional<std::uint64_t> InputRoom::call_from(Line& line) {
  if (line.empty() || !fits(line.front().bytes)) return std::nullopt;
  const Waiter next = line.front();
  line.pop_front();
  bytes_ += next.bytes;
  kept_[next.connection] += next.bytes;
  return next.connection;
}

bool InputRoom::give_kept(std::uint64_t connection) {
  const auto kept = kept_.find(connection);
  if (kept == kept_.end()) return false;
  bytes_ -= kept->second;
  kept_.erase(kept);
  return true;
}

void InputRoom::forget(std::uint64_t connection) {
  const auto is_it = [&](const Waiter& waiter) { return waiter.connection == connection; };
  std::erase_if(small_line_, is_it);
  std::erase_if(line_, is_it);
  give_kept(connection);
}

std::vector<std::uint64_t> InputRoom::overdue(TimePoint now) {
  std::size_t wanted = 0;
  for (const Line* line : {&small_line_, &line_}) {
    for (const Waiter& waiter : *line) wanted += waiter.bytes;
  }
  std::size_t going = 0;
  std::vector<Holder*> late;
  for (auto& [ticket, holder] : holders_) {
    if (holder.has_to_go) going += holder.bytes;
    if (!holder.has_to_go && now >= holder.since + patience_) late.push_back(&holder);
  }
  std::ranges::sort(late, std::greater(), &Holder::bytes);
  std::vector<std::uint64_t> named;
  for (Holder* holder : late) {
    if (going >= wanted) break;
    holder->has_to_go = true;
    going += holder->bytes;
    named.push_back(holder->connection);
  }
  return named;
}

}  // namespace naru::server
