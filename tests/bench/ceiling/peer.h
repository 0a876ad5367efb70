#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "byte_buffer.h"

namespace naru::bench {

struct Peer;

/// A named FIFO with competing consumers, in memory.
struct Queue {
  struct Message {
    std::string publish;  // the publish frame
    std::string content;  // header and body frames
  };
  std::vector<Peer*> consumers;
  std::size_t next = 0;         // whose turn it is
  std::deque<Message> backlog;  // what came while there was no consumer
};

/// One client connection, which uses channel 1 only and consumes at most once.
struct Peer {
  int fd = -1;
  ByteBuffer in;
  ByteBuffer out;
  bool greeted = false;  // its protocol header has been read
  bool closed = false;
  bool confirms = false;
  bool publishes = false;
  bool watched_readable = true;
  bool watched_writable = false;
  bool touched = false;    // in Ceiling::touched_
  bool congested = false;  // counted in Ceiling::congested_peers_

  std::uint64_t published = 0;
  std::uint64_t marked = 0;  // up to here in a batch's marks
  std::uint64_t confirmed = 0;
  std::string last_publish;  // frame octets of the last publish, and where it led
  Queue* last_queue = nullptr;

  std::string consumer_tag;
  std::uint64_t delivery_tag = 0;
};

}  // namespace naru::bench
