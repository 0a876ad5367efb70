#include "link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameStatus;
using bench::FrameWriter;
using bench::Method;

constexpr std::uint32_t kFrameMax = 131'072;
constexpr std::size_t kPayloadMax = kFrameMax - bench::kFrameOverhead;
constexpr std::size_t kBuffer = 256 * 1'024;
constexpr int kSetupTimeoutSeconds = 20;

}  // namespace

bool Link::up(std::span<const Request> setup) {
  down();
  output_.clear();
  sent_ = 0;
  if (!open_socket()) return false;
  FrameWriter start_ok, tune_ok, channel_open;
  start_ok.begin(0, Method::connection_start_ok).u32(0).short_string("PLAIN");
  start_ok.long_string(std::string("\0guest\0guest", 12)).short_string("en_US").end();
  tune_ok.begin(0, Method::connection_tune_ok).u16(2047).u32(kFrameMax).u16(0).end();
  tune_ok.begin(0, Method::connection_open).short_string("/").short_string("").u8(0).end();
  channel_open.begin(1, Method::channel_open).short_string("").end();
  bool good = send_whole(bench::kProtocolHeader) && expect(Method::connection_start) &&
              send_whole(start_ok.bytes()) && expect(Method::connection_tune) &&
              send_whole(tune_ok.bytes()) && expect(Method::connection_open_ok) &&
              send_whole(channel_open.bytes()) && expect(Method::channel_open_ok);
  for (const Request& request : setup) {
    good = good && send_whole(request.frame.bytes()) && expect(request.reply);
  }
  if (!good || fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) down();
  return is_up();
}

void Link::down() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  head_ = tail_ = 0;
}

bool Link::open_socket() {
  if (!in_) in_ = std::make_unique<std::uint8_t[]>(kBuffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{kSetupTimeoutSeconds, 0};
  const int one = 1;
  if (fd_ >= 0 && setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
      setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
      connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  down();
  return false;
}

bool Link::send_whole(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Frames that may come before the reply (a delivery before queue.declare-ok) stay unread.
bool Link::expect(Method wanted) {
  while (true) {
    Frame frame;
    const FrameStatus status = next_frame(unread(), kPayloadMax, frame);
    if (status == FrameStatus::malformed) return false;
    if (status == FrameStatus::need_more) {
      if (!receive()) return false;
      continue;
    }
    if (note_close(frame) || frame.type != bench::kFrameMethod || frame.method() != wanted) {
      return false;
    }
    head_ += frame_bytes(frame);
    return true;
  }
}

bool Link::receive() {
  if (head_ > 0) {
    std::memmove(in_.get(), in_.get() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
  }
  errno = 0;  // an end of the stream sets none
  const ssize_t count = recv(fd_, in_.get() + tail_, kBuffer - tail_, 0);
  if (count <= 0) return false;
  tail_ += static_cast<std::size_t>(count);
  return true;
}

bool Link::note_close(const Frame& frame) {
  if (frame.type != bench::kFrameMethod) return false;
  if (frame.method() != Method::channel_close && frame.method() != Method::connection_close) {
    return false;
  }
  refusal_ = close_reason(frame);
  return true;
}

bool Link::read(const std::function<void(const Frame&)>& handle) {
  bool lost = false;
  if (!receive()) lost = !(errno == EAGAIN || errno == EWOULDBLOCK);
  Frame frame;
  FrameStatus status;
  while ((status = next_frame(unread(), kPayloadMax, frame)) == FrameStatus::complete) {
    if (note_close(frame)) {
      lost = true;
      break;
    }
    handle(frame);
    head_ += frame_bytes(frame);
  }
  if (lost || status == FrameStatus::malformed) {
    down();
    return false;
  }
  return true;
}

bool Link::flush() {
  while (has_output()) {
    const ssize_t count = send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      down();
      return false;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  output_.clear();
  sent_ = 0;
  return true;
}

}  // namespace naru::faults
