#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frames.h"

namespace naru::faults {

/// Milliseconds since any fixed moment.
using Millis = std::uint64_t;

struct LinkOptions {
  std::uint16_t port = 0;
  std::uint16_t heartbeat_s = 0;  // 0 for none
};

/// A connection that is expected to be lost: non-blocking, channel 1 open while it is up. Nothing
/// here throws; what fails takes the link down.
class Link {
 public:
  explicit Link(const LinkOptions& options) : options_(options) {}
  ~Link() { down(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Connects, opens channel 1, then sends each request of `setup` and waits for its reply; is_up()
  /// when that is done. False when the broker is not there.
  struct Request {
    bench::FrameWriter frame;
    bench::Method reply;
  };
  bool open(std::span<const Request> setup, Millis now);
  void down();
  bool is_open() const { return fd_ >= 0; }
  bool is_up() const { return is_open() && steps_.empty(); }
  int fd() const { return fd_; }

  /// Reads what is there and hands over every whole frame that came while it was up. False: the
  /// link is lost (and down).
  bool read(Millis now, const std::function<void(const bench::Frame&)>& handle);

  /// What is to be sent; flush() sends as much as the socket takes. False: the link is lost.
  std::string& output() { return output_; }
  bool has_output() const { return sent_ < output_.size(); }
  bool flush();

  /// Asks for an orderly end; once it is answered read() returns false, and parted() true.
  void part();
  bool parting() const { return parting_; }
  bool parted() const { return parted_; }

  /// Sends heartbeats. False: the broker was silent for two of them, or the setup took too long.
  bool on_time(Millis now);
  std::uint64_t silences() const { return silences_; }

  /// Why a channel or connection was closed by the broker while it was running; empty if none was.
  const std::string& refusal() const { return refusal_; }

 private:
  /// Sends the bytes, then waits for the reply.
  struct Step {
    std::string bytes;
    bench::Method reply;
  };

  bool open_socket();
  bool receive();
  bool take_step(const bench::Frame& frame);
  void send_step() { output_ += steps_.front().bytes; }
  bool note_close(const bench::Frame& frame);
  std::span<const std::uint8_t> unread() const { return {in_.get() + head_, tail_ - head_}; }

  LinkOptions options_;
  int fd_ = -1;
  std::unique_ptr<std::uint8_t[]> in_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::string output_;
  std::size_t sent_ = 0;
  std::deque<Step> steps_;  // of the setup; the first one's bytes are sent
  bool parting_ = false;
  bool parted_ = false;
  Millis opened_at_ = 0;
  Millis heard_at_ = 0;
  Millis beat_at_ = 0;
  std::uint64_t silences_ = 0;
  std::string refusal_;
};

}  // namespace naru::faults
