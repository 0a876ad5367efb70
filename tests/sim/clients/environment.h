#pragma once
/// What the clients of a world share.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "tests/sim/clients/topology.h"
#include "tests/sim/recorder.h"
#include "tests/sim/world/network.h"

namespace naru::sim {

/// What the clients did: the generator's coverage.
enum class Did : std::uint8_t {
  connect,
  publish,
  publish_transient,
  publish_named,
  publish_expiring,
  publish_mandatory,
  publish_in_tx,
  confirm,
  refuse,
  returned,
  commit,
  rollback,
  deliver,
  deliver_redelivered,
  deliver_fragments,
  get,
  get_empty,
  ack,
  ack_multiple,
  nack,
  reject,
  requeue,
  recover,
  cancel,
  close_channel,
  no_ack,
  stop_reading,
  reset,
  vanish,
  end,
  blocked,
  unblocked,
  refused_channel,
  purge,
  bind,
  unbind,
  declare,
  remove,
  cancelled,
  ask_found,
  ask_refused,
  declare_exclusive,
  declare_auto_delete,
  kCount,
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Did::kCount)> kDidNames{
    "connect",
    "publish",
    "publish transient",
    "publish with level",
    "publish with expiration",
    "publish mandatory",
    "publish in tx",
    "confirm",
    "refuse",
    "return",
    "tx.commit",
    "tx.rollback",
    "deliver",
    "deliver again",
    "deliver fragments",
    "get",
    "get empty",
    "ack",
    "ack multiple",
    "nack",
    "reject",
    "requeue",
    "recover",
    "cancel",
    "close channel",
    "consume without ack",
    "stop reading",
    "reset",
    "vanish",
    "end",
    "blocked",
    "unblocked",
    "channel refused",
    "purge",
    "bind",
    "unbind",
    "declare",
    "delete",
    "cancelled by the server",
    "find a queue",
    "find no queue",
    "declare exclusive",
    "declare auto-delete"};

struct ClientOptions {
  std::uint32_t frame_bytes_max = 131'072;
  std::uint16_t heartbeat_s = 0;
  std::uint32_t body_bytes_max = 8192;
  Duration think_max = std::chrono::milliseconds(2);
  std::uint32_t messages_max = 300;  // of all publishers together
  std::size_t fragment_bytes = 0;    // the broker stores larger bodies in pieces of so many bytes
  std::uint32_t leases_max = 0;      // of a connection; 0: more than there are messages
  bool purges = false;
  bool deletes = false;
  bool asks = false;  // for queues that are deleted, too
  bool rude = true;   // connections are cut
};

struct Environment {
  Random& random;
  const Now& now;
  Internet& network;
  Recorder& recorder;
  ClientOptions options;
  Topology topology;
  std::array<std::uint64_t, static_cast<std::size_t>(Did::kCount)> done{};

  void did(Did what) { ++done[static_cast<std::size_t>(what)]; }
  /// A consumer got a message: fills in its number, and whether it is what was published.
  Copy deliver(Delivered delivered, std::string_view message_id, std::string_view body);
  /// The body of a message follows from its number.
  static std::string_view body_of(MessageNo number, std::uint32_t bytes);
};

}  // namespace naru::sim
