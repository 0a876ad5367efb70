#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "frames.h"

namespace naru::faults {

/// A connection that is expected to be lost: channel 1 open while it is up, no heartbeats. It is
/// set up blocking and then non-blocking. Nothing here throws; what fails takes the link down.
class Link {
 public:
  explicit Link(std::uint16_t port) : port_(port) {}
  ~Link() { down(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Connects and opens channel 1, then sends each request of `setup` and waits for its reply.
  /// False when the broker is not there, or goes away meanwhile.
  struct Request {
    bench::FrameWriter frame;
    bench::Method reply;
  };
  bool up(std::span<const Request> setup);
  void down();
  bool is_up() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  /// Reads what is there and hands over every whole frame. False: the link is lost (and down).
  bool read(const std::function<void(const bench::Frame&)>& handle);

  /// What is to be sent; flush() sends as much as the socket takes. False: the link is lost.
  std::string& output() { return output_; }
  bool has_output() const { return sent_ < output_.size(); }
  bool flush();

  /// Why a channel or connection was closed by the broker while it was running; empty if none was.
  const std::string& refusal() const { return refusal_; }

 private:
  bool open_socket();
  bool send_whole(std::string_view bytes);
  bool expect(bench::Method wanted);
  bool receive();
  bool note_close(const bench::Frame& frame);
  std::span<const std::uint8_t> unread() const { return {in_.get() + head_, tail_ - head_}; }

  std::uint16_t port_;
  int fd_ = -1;
  std::unique_ptr<std::uint8_t[]> in_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::string output_;
  std::size_t sent_ = 0;
  std::string refusal_;
};

}  // namespace naru::faults
