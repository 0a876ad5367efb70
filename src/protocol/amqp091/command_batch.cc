#include "protocol/amqp091/command_batch.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

namespace naru::amqp091 {

namespace {

std::size_t viewed_bytes(const core::Publish& publish) {
  const message::RecordView& record = publish.record;
  std::size_t bytes = record.exchange.size() + record.routing_key.size() + record.header.size() +
                      record.body.size();
  for (const ByteView body : publish.more) bytes += body.size();
  return bytes;
}

// Copies views to the front of a block that was made large enough for them.
class Copier {
 public:
  explicit Copier(std::uint8_t* at) : at_(at) {}
  ByteView operator()(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    const ByteView copy(at_, bytes.size());
    at_ += bytes.size();
    return copy;
  }
  std::string_view operator()(std::string_view text) { return as_text((*this)(as_bytes(text))); }

 private:
  std::uint8_t* at_;
};

}  // namespace

void HeldCommands::hold(std::span<core::Command> commands) {
  std::size_t bytes = 0;
  for (const core::Command& command : commands) {
    const auto* publish = std::get_if<core::Publish>(&command);
    if (publish == nullptr) continue;
    bytes += viewed_bytes(*publish);
    bytes_ += publish->more.size() * sizeof(core::Command);
  }
  bytes_ += bytes + commands.size_bytes();
  Copier copy(nullptr);
  if (bytes != 0) copy = Copier(blocks_.emplace_back(BlockRef::make(bytes))->data());
  for (core::Command& command : commands) {
    auto* publish = std::get_if<core::Publish>(&command);
    if (publish == nullptr) {
      commands_.push_back(std::move(command));
      continue;
    }
    message::RecordView& record = publish->record;
    record.exchange = copy(record.exchange);
    record.routing_key = copy(record.routing_key);
    record.header = copy(record.header);
    for (;;) {
      core::Publish& held = std::get<core::Publish>(commands_.emplace_back(*publish));
      held.record.body = copy(record.body);
      held.more = {};
      if (publish->more.empty()) break;
      publish->drop_first();
    }
  }
}

void HeldCommands::drop_front(std::size_t count) {
  first_ += count;
  if (!empty()) return;
  commands_ = std::vector<core::Command>();
  blocks_ = std::vector<BlockRef>();
  bytes_ = 0;
  first_ = 0;
}

bool HeldCommands::has_publish() const {
  return std::any_of(
      commands_.begin() + static_cast<std::ptrdiff_t>(first_), commands_.end(),
      [](const core::Command& command) { return std::holds_alternative<core::Publish>(command); });
}

core::Command lease_end(core::QueueRef queue, core::Seq first, core::Seq last, LeaseEnd end) {
  if (end == LeaseEnd::settle) return core::Settle{queue, first, last};
  return core::Return{queue, first, last, end == LeaseEnd::requeue};
}

bool extend(core::Command& before, core::QueueRef queue, core::Seq first, core::Seq last,
            LeaseEnd end) {
  const auto goes_on = [&](auto& range) {
    if (range.queue != queue || range.last.next() != first) return false;
    range.last = last;
    return true;
  };
  if (auto* settle = std::get_if<core::Settle>(&before))
    return end == LeaseEnd::settle && goes_on(*settle);
  if (auto* back = std::get_if<core::Return>(&before)) {
    return end != LeaseEnd::settle && back->requeue == (end == LeaseEnd::requeue) && goes_on(*back);
  }
  return false;
}

void CommandBatch::end_leases(core::QueueRef queue, core::Seq first, core::Seq last, LeaseEnd end) {
  if (commands_.empty() || !extend(commands_.back(), queue, first, last, end))
    add(lease_end(queue, first, last, end));
}

void CommandBatch::flush() {
  run_ = nullptr;
  if (commands_.empty()) return;
  const std::span<core::Command> all(commands_.data(), commands_.size());
  // Order is kept: nothing overtakes what is waiting.
  const std::size_t taken = backlog_.empty() ? broker_.submit(all) : 0;
  if (taken < all.size()) backlog_.hold(all.subspan(taken));
  commands_.clear();
  bodies_.clear();
}

}  // namespace naru::amqp091
