#pragma once
/// A channel and its consumers, as a session keeps them. Plain state: the session's files act on
/// it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/byte_buffer.h"
#include "core/delivery_credit.h"
#include "core/ids.h"
#include "core/stored_body.h"
#include "protocol/amqp091/command_batch.h"
#include "protocol/amqp091/counted_bytes.h"
#include "protocol/amqp091/unacked.h"

namespace naru::amqp091 {

struct Channel;

/// Named by its tag on the wire and by its handle in the broker.
struct Consumer {
  core::ConsumerHandle handle;
  Channel* channel = nullptr;
  std::string tag;
  bool no_ack = false;
  bool reply_address = false;  // of direct reply-to
  std::size_t argument_bytes = 0;
  core::QueueRef queue;  // once the broker has answered
  /// The front of every basic.deliver: frame head (size still 0), class, method, tag.
  ByteBuffer deliver_front;
};

/// A message whose frames are still coming. Its parts are copies.
struct Assembly {
  static constexpr std::size_t kNamesBytes = 2 * 255;  // at most

  std::string exchange;
  std::string routing_key;
  bool mandatory = false;
  std::uint64_t body_bytes = 0;  // announced by the header
  std::size_t header_bytes = 0;
  ByteBuffer bytes;                   // header, then body
  std::optional<std::uint64_t> room;  // the host's ticket for all of it

  std::uint64_t body_received() const { return bytes.size() - header_bytes; }
};

/// What a transactional channel has not committed.
struct Transaction {
  struct End {
    Unacked lease;
    LeaseEnd end = LeaseEnd::settle;
  };
  HeldCommands publishes;
  std::vector<End> ends;
  std::optional<std::uint64_t> room;  // the host's ticket for `publishes`
};

/// A large body on its way to the client, frame by frame, as the output drains.
struct ContentStream {
  std::uint16_t channel = 0;  // on the wire
  std::shared_ptr<const core::StoredBody> body;
  std::size_t next_part = 0;
  core::QueueRef queue;
  core::Seq seq;
  /// The client does not acknowledge: the lease ends when it has all of it.
  bool no_ack = false;
  std::uint64_t tag = 0;  // of the delivery
};

enum class ChannelState : std::uint8_t {
  open,
  failed,   // channel.close was sent; everything but close and close-ok is ignored
  leaving,  // the client closed it; close-ok follows when the broker has let go of its consumers
};

/// Publishes that were answered with a nack, and lie beyond what has been acknowledged.
struct NackedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Which frame has to come next.
enum class Expecting : std::uint8_t { method, content_header, content_body };

struct Channel {
  std::uint16_t number = 0;
  /// What the broker calls it. Not the wire's number: that is used again at once, and events of its
  /// former use may still be under way.
  core::ChannelId id;
  ChannelState state = ChannelState::open;
  bool close_answered = false;  // failed, and the client's own close crossed ours
  Expecting expecting = Expecting::method;
  bool confirms = false;

  std::uint64_t published = 0;      // sequence of the last publish, in confirm mode
  std::uint64_t confirmed = 0;      // every publish up to it has been answered
  std::vector<NackedRange> nacked;  // ascending
  std::uint64_t delivery_tag = 0;   // the last one given
  std::uint32_t prefetch = 0;       // for consumers to come
  std::uint32_t replies_awaited = 0;

  std::string last_queue;  // declared last: what the empty name stands for
  std::string reply_key;   // the address of direct reply-to
  boost::unordered_flat_map<std::string_view, Consumer*> consumers;  // by their own tags
  UnackedList unacked;
  std::shared_ptr<core::ChannelCredit> credit;  // of all its consumers; made with the first one
  std::unique_ptr<Assembly> assembly;
  std::unique_ptr<Transaction> transaction;

  CountedBytes counted;  // bytes that most channels do not need
  /// Brings that up to date. Bodies and publishes are apart: they are input.
  void count() {
    std::size_t bytes = last_queue.capacity();
    if (assembly != nullptr) bytes += sizeof(Assembly) + Assembly::kNamesBytes;
    if (transaction != nullptr)
      bytes += sizeof(Transaction) + transaction->ends.capacity() * sizeof(Transaction::End);
    counted.set(bytes);
  }
};

}  // namespace naru::amqp091
