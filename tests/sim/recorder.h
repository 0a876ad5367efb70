#pragma once
/// Numbers what clients do, and tells the checkers.

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/sim/checkers/checker.h"
#include "tests/sim/history.h"

namespace naru::sim {

class Recorder {
 public:
  explicit Recorder(Findings& findings) : checkers_(all_checkers(findings)) {}

  template <typename... Parameters, typename... Arguments>
  void tell(void (Checker::*event)(Parameters...), const Arguments&... arguments) {
    for (const auto& checker : checkers_) (checker.get()->*event)(arguments...);
  }

  void add(std::unique_ptr<Checker> checker) { checkers_.push_back(std::move(checker)); }

  /// Fills in the number and keeps the message.
  const Message& publish(Message message) {
    message.number = static_cast<MessageNo>(messages_.size());
    messages_.push_back(message);
    tell(&Checker::on_publish, message);
    return messages_.back();
  }
  /// Null for a number that was never given out.
  Message* message(std::uint64_t number) {
    return number == 0 || number >= messages_.size() ? nullptr : &messages_[number];
  }
  /// The queue is about to be deleted: it is no place any more where one must be.
  void may_go(QueueNo queue) {
    for (Message& message : messages_) message.sure &= ~queue_bit(queue);
  }
  std::size_t message_count() const { return messages_.size() - 1; }

  ChannelNo open_channel(std::uint64_t wire) {
    channels_.emplace(wire, ++channel_counter_);
    wires_.insert(wire);
    return channel_counter_;
  }
  /// The server has done with one channel of the connection.
  void channel_gone(std::uint64_t wire, ChannelNo channel) {
    tell(&Checker::on_holder_gone, channel);
    const auto [first, last] = channels_.equal_range(wire);
    for (auto at = first; at != last; ++at) {
      if (at->second == channel) return void(channels_.erase(at));
    }
  }
  void wire_gone(std::uint64_t wire) {
    tell(&Checker::on_wire_lost, wire);
    const auto [first, last] = channels_.equal_range(wire);
    for (auto at = first; at != last; ++at) tell(&Checker::on_holder_gone, at->second);
    channels_.erase(first, last);
    wires_.erase(wire);
    const auto [begin, end] = removals_by_wire_.equal_range(wire);
    for (auto at = begin; at != end; ++at) removal_ends_in_silence(at->second);
    removals_by_wire_.erase(begin, end);
  }

  /// Messages may leave the queue unseen until removal_ends().
  void removal_begins(QueueNo queue) { tell(&Checker::on_removal_begins, queue); }
  void removal_ends(QueueNo queue) { tell(&Checker::on_removal_ends, queue); }
  /// Nobody will tell when it ends: when nothing is on its way any more.
  void removal_ends_in_silence(QueueNo queue) { ending_.push_back(queue); }
  /// Likewise, but not before the server has done with the connection.
  void removal_ends_with_wire(std::uint64_t wire, QueueNo queue) {
    if (!wires_.contains(wire)) return removal_ends_in_silence(queue);
    removals_by_wire_.emplace(wire, queue);
  }

  std::uint32_t next_transaction() { return ++transaction_counter_; }
  std::uint64_t next_consumer() { return ++consumer_counter_; }

  void quiet() {
    ++quiets_;
    end_removals();
    tell(&Checker::on_quiet);
  }
  void crash(Crash how) {
    ++quiets_;
    for (const auto& [wire, queue] : std::exchange(removals_by_wire_, {})) {
      removal_ends_in_silence(queue);
    }
    end_removals();
    channels_.clear();
    wires_.clear();
    tell(&Checker::on_crash, how);
  }
  /// Grows when everything that was under way has happened, or never will.
  std::uint64_t quiets() const { return quiets_; }

 private:
  void end_removals() {
    for (const QueueNo queue : std::exchange(ending_, {})) removal_ends(queue);
  }

  std::vector<std::unique_ptr<Checker>> checkers_;
  std::vector<Message> messages_{Message{}};          // numbers begin with 1
  std::multimap<std::uint64_t, ChannelNo> channels_;  // by wire
  std::set<std::uint64_t> wires_;                     // on which channels were opened
  std::multimap<std::uint64_t, QueueNo> removals_by_wire_;
  std::vector<QueueNo> ending_;
  std::uint64_t consumer_counter_ = 0;
  std::uint32_t transaction_counter_ = 0;
  ChannelNo channel_counter_ = 0;
  std::uint64_t quiets_ = 0;
};

}  // namespace naru::sim
