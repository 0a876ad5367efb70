#pragma once
/// Commands on their way to the broker: those of one turn, and those it did not take yet.

#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "core/broker_port.h"
#include "core/commands.h"

namespace naru::amqp091 {

/// How a lease ends.
enum class LeaseEnd : std::uint8_t { settle, requeue, reject };

/// These leases of `queue` end.
core::Command lease_end(core::QueueRef queue, core::Seq first, core::Seq last, LeaseEnd end);
/// Makes `before` end them too, when they follow what it ends in the same way.
bool extend(core::Command& before, core::QueueRef queue, core::Seq first, core::Seq last,
            LeaseEnd end);

/// Commands that wait, with copies of the bytes they refer to: a transaction's publishes, or what
/// the broker had no room for.
class HeldCommands {
 public:
  /// Moves `commands` to the end and copies what they view into one block. A run becomes single
  /// publishes.
  void hold(std::span<core::Command> commands);

  std::span<core::Command> commands() { return std::span(commands_).subspan(first_); }
  /// Forgets the first `count` commands: they were taken.
  void drop_front(std::size_t count);
  bool empty() const { return first_ == commands_.size(); }
  std::size_t size() const { return commands_.size() - first_; }
  /// Of the copies, and of the commands themselves; of all that was held since it was last empty.
  std::size_t bytes() const { return bytes_; }
  /// Whether a publish is among them.
  bool has_publish() const;

 private:
  std::vector<core::Command> commands_;
  std::size_t first_ = 0;
  std::vector<BlockRef> blocks_;
  std::size_t bytes_ = 0;
};

/// The commands of one call into a session. Lives on the stack of that call, so that an idle
/// session holds nothing; what the broker does not take goes to the session's backlog.
class CommandBatch {
 public:
  /// 256 commands are 35 KiB of stack, and enough that a call into the broker costs nothing per
  /// message.
  static constexpr std::size_t kCommandsMax = 256;
  /// Bodies of runs: 8 KiB. A read of small messages brings a few hundred.
  static constexpr std::size_t kBodiesMax = 512;

  CommandBatch(core::BrokerPort& broker, HeldCommands& backlog)
      : broker_(broker), backlog_(backlog) {}

  /// A publish to fill in; its views must live until the next flush().
  core::Publish& publish() {
    run_ = nullptr;
    make_room();
    return std::get<core::Publish>(commands_.emplace_back(std::in_place_type<core::Publish>));
  }
  /// What publish() gave, and is filled in now, may be repeated: as long as nothing else is added.
  void begin_run(core::Publish& publish) { run_ = &publish; }
  void end_run() { run_ = nullptr; }
  /// Adds a message like the one that the run under way began with, but for its body. False when
  /// there is no run, when `sequence` is not the next one of it, or when there is no room.
  bool repeat(std::uint64_t sequence, ByteView body) {
    if (bodies_.size() == kBodiesMax) flush();
    if (run_ == nullptr) return false;
    const std::uint64_t next = run_->sequence == 0 ? 0 : run_->last_sequence() + 1;
    if (sequence != next) return false;
    bodies_.push_back(body);
    const std::size_t count = run_->more.size() + 1;
    run_->more = {bodies_.data() + bodies_.size() - count, count};
    return true;
  }
  void add(core::Command command) {
    run_ = nullptr;
    make_room();
    commands_.push_back(std::move(command));
  }
  /// Ends a lease; neighbours of one queue become one command.
  void end_lease(core::QueueRef queue, core::Seq seq, LeaseEnd end) {
    end_leases(queue, seq, seq, end);
  }
  void end_leases(core::QueueRef queue, core::Seq first, core::Seq last, LeaseEnd end);

  /// Hands over what was collected.
  void flush();

 private:
  void make_room() {
    if (commands_.size() == commands_.capacity()) flush();
  }

  core::BrokerPort& broker_;
  HeldCommands& backlog_;
  boost::container::static_vector<core::Command, kCommandsMax> commands_;
  core::Publish* run_ = nullptr;  // the last command, while it may grow
  boost::container::static_vector<ByteView, kBodiesMax> bodies_;
};

}  // namespace naru::amqp091
