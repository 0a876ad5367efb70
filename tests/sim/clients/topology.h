#pragma once
/// What is declared, and where a publish goes: a few durable queues that stay, exchanges of several
/// types, and one binding that comes and goes.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "message/value.h"
#include "tests/sim/history.h"

namespace naru::sim {

/// A place to publish to. With `flips`, the flipping binding adds its queue.
struct Route {
  std::string exchange;
  std::string key;
  QueueSet queues = 0;
  bool flips = false;
  message::Table headers = {};
};

struct Binding {
  std::string exchange;
  std::string key;
  QueueNo queue = 0;
  message::Table arguments = {};
};

struct Topology {
  enum class Flip : std::uint8_t { unbound, bound, unsure };

  QueueNo queues = 3;
  std::vector<message::Durability> levels;            // of the queues, by number
  std::vector<std::optional<std::uint32_t>> ttls_ms;  // x-message-ttl; empty: nothing expires
  Flip flip = Flip::unbound;
  std::uint64_t flip_version = 0;  // grows when a change of the binding begins and when it ends
  // Being deleted, or gone, or not yet declared and bound again. Who asks for one that is gone has
  // its channel closed, and the leases on it return before it hears of that: nobody who may hold
  // one asks meanwhile.
  QueueSet may_be_gone = 0;
  QueueSet gone = 0;  // for sure: deleted, and nobody has asked to declare it
  std::array<std::uint64_t, 32> presence_versions{};  // by queue: grow when one of the two changes
  std::array<std::uint32_t, 32> requests{};  // by queue: consumes and gets without an answer

  static constexpr std::string_view kDirect = "sim.direct";
  static constexpr std::string_view kFanout = "sim.fanout";
  static constexpr std::string_view kTopic = "sim.topic";
  static constexpr std::string_view kHeaders = "sim.headers";

  static std::string queue_name(QueueNo queue) { return "q" + std::to_string(queue); }
  /// The queues in which a message that asks for `asked` is of `level`.
  QueueSet of_level(message::Durability asked, message::Durability level) const {
    QueueSet all = 0;
    for (QueueNo queue = 0; queue < queues; ++queue) {
      if (std::min(asked, levels[queue]) == level) all |= queue_bit(queue);
    }
    return all;
  }
  /// How long a message with that expiration lives in each queue.
  std::vector<std::uint64_t> lives_ms(std::optional<std::uint32_t> expiration_ms) const {
    std::vector<std::uint64_t> all;
    for (const std::optional<std::uint32_t>& ttl_ms : ttls_ms) {
      all.push_back(std::min<std::uint64_t>(expiration_ms ? *expiration_ms : kNoExpiry,
                                            ttl_ms ? *ttl_ms : kNoExpiry));
    }
    return all;
  }
  void set_presence(QueueNo queue, Presence presence) {
    const QueueSet bit = queue_bit(queue);
    may_be_gone = presence == Presence::there ? may_be_gone & ~bit : may_be_gone | bit;
    gone = presence == Presence::gone ? gone | bit : gone & ~bit;
    ++presence_versions[queue];
  }
  Presence presence_of(QueueNo queue) const {
    if ((gone & queue_bit(queue)) != 0) return Presence::gone;
    return (may_be_gone & queue_bit(queue)) != 0 ? Presence::unsure : Presence::there;
  }
  Binding flipping() const { return {std::string(kDirect), "flip", 0}; }

  std::vector<Binding> bindings() const {
    std::vector<Binding> all;
    for (QueueNo queue = 0; queue < queues; ++queue) {
      all.push_back({std::string(kFanout), "", queue});
      all.push_back({std::string(kDirect), "k" + std::to_string(queue), queue});
    }
    all.push_back({std::string(kTopic), "a.*", 0});
    const auto last = static_cast<QueueNo>(queues - 1);
    all.push_back({std::string(kTopic), "#.b", last});
    const message::Integer one{1};
    all.push_back(
        {std::string(kHeaders), "", 0, {{"x-match", "all"}, {"kind", "red"}, {"size", one}}});
    all.push_back(
        {std::string(kHeaders), "", last, {{"x-match", "any"}, {"kind", "red"}, {"rush", true}}});
    return all;
  }

  std::vector<Route> routes() const {
    const QueueSet every = queue_bit(queues) - 1;
    const QueueSet last = queue_bit(static_cast<QueueNo>(queues - 1));
    std::vector<Route> all;
    for (QueueNo queue = 0; queue < queues; ++queue) {
      all.push_back({"", queue_name(queue), queue_bit(queue)});
      all.push_back({std::string(kDirect), "k" + std::to_string(queue), queue_bit(queue)});
    }
    all.push_back({std::string(kFanout), "whatever", every});
    all.push_back({std::string(kTopic), "a.b", queue_bit(0) | last});
    all.push_back({std::string(kTopic), "a.c", queue_bit(0)});
    const message::Integer one{1};
    const auto by_headers = [&](QueueSet to, message::Table headers) {
      all.push_back({std::string(kHeaders), "whatever", to, false, std::move(headers)});
    };
    by_headers(queue_bit(0) | last, {{"kind", "red"}, {"size", one}});
    by_headers(last, {{"rush", true}, {"size", one}});
    by_headers(0, {{"kind", "blue"}, {"size", one}});
    all.push_back({std::string(kDirect), "flip", 0, true});
    all.push_back({std::string(kDirect), "nowhere", 0});
    return all;
  }
};

}  // namespace naru::sim
