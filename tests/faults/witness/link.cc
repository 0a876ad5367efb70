#include "link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
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
constexpr Millis kSetupMs = 20'000;

/// The properties of start-ok: that we want to hear connection.blocked.
std::string capabilities() {
  FrameWriter inner, outer;
  inner.short_string("connection.blocked").raw("t\x01");
  outer.short_string("capabilities").raw("F").long_string(inner.bytes());
  return outer.bytes();
}

std::string heartbeat() {
  FrameWriter writer;
  writer.begin(bench::kFrameHeartbeat, 0).end();
  return writer.bytes();
}

}  // namespace

bool Link::open(std::span<const Request> setup, Millis now) {
  down();
  if (!open_socket()) return false;
  FrameWriter start_ok, tune_ok, channel_open;
  start_ok.begin(0, Method::connection_start_ok).long_string(capabilities()).short_string("PLAIN");
  start_ok.long_string(std::string("\0guest\0guest", 12)).short_string("en_US").end();
  tune_ok.begin(0, Method::connection_tune_ok).u16(2047).u32(kFrameMax).u16(options_.heartbeat_s);
  tune_ok.end();
  tune_ok.begin(0, Method::connection_open).short_string("/").short_string("").u8(0).end();
  channel_open.begin(1, Method::channel_open).short_string("").end();
  steps_.push_back({std::string(bench::kProtocolHeader), Method::connection_start});
  steps_.push_back({start_ok.bytes(), Method::connection_tune});
  steps_.push_back({tune_ok.bytes(), Method::connection_open_ok});
  steps_.push_back({channel_open.bytes(), Method::channel_open_ok});
  for (const Request& request : setup) steps_.push_back({request.frame.bytes(), request.reply});
  opened_at_ = heard_at_ = beat_at_ = now;
  send_step();
  return true;
}

void Link::down() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  head_ = tail_ = sent_ = 0;
  output_.clear();
  steps_.clear();
  parting_ = parted_ = false;
}

bool Link::open_socket() {
  if (!in_) in_ = std::make_unique<std::uint8_t[]>(kBuffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int one = 1;
  if (fd_ >= 0 && setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
      (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
       errno == EINPROGRESS)) {
    return true;
  }
  down();
  return false;
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
  if (parting_ && frame.method() == Method::connection_close_ok) {
    parted_ = true;
    return true;
  }
  if (frame.method() != Method::channel_close && frame.method() != Method::connection_close) {
    return false;
  }
  refusal_ = close_reason(frame);
  return true;
}

// False: not what the setup waits for.
bool Link::take_step(const Frame& frame) {
  if (frame.type == bench::kFrameHeartbeat || frame.method() == Method::connection_blocked ||
      frame.method() == Method::connection_unblocked) {
    return true;
  }
  if (frame.type != bench::kFrameMethod || frame.method() != steps_.front().reply) return false;
  steps_.pop_front();
  if (!steps_.empty()) send_step();
  return true;
}

bool Link::read(Millis now, const std::function<void(const Frame&)>& handle) {
  bool lost = false;
  if (receive()) {
    heard_at_ = now;
  } else {
    lost = !(errno == EAGAIN || errno == EWOULDBLOCK);
  }
  Frame frame;
  FrameStatus status;
  while ((status = next_frame(unread(), kPayloadMax, frame)) == FrameStatus::complete) {
    if (note_close(frame)) {
      lost = true;
      break;
    }
    if (is_up()) {
      handle(frame);
    } else if (!take_step(frame)) {
      lost = true;
      break;
    }
    head_ += frame_bytes(frame);
  }
  if (lost || status == FrameStatus::malformed) {
    const bool orderly = parted_;
    down();
    parted_ = orderly;
    return false;
  }
  return true;
}

bool Link::flush() {
  while (has_output()) {
    const ssize_t count = send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN) return true;
      down();
      return false;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  output_.clear();
  sent_ = 0;
  return true;
}

void Link::part() {
  FrameWriter writer;
  writer.begin(0, Method::connection_close).u16(200).short_string("").u16(0).u16(0).end();
  output_ += writer.bytes();
  parting_ = true;
}

bool Link::on_time(Millis now) {
  if (!is_open()) return true;
  const Millis beat = options_.heartbeat_s * Millis{1'000};
  const bool silent = is_up() && beat > 0 && now - heard_at_ > 2 * beat;
  if (silent) ++silences_;
  if (silent || (!is_up() && now - opened_at_ > kSetupMs)) {
    down();
    return false;
  }
  if (is_up() && beat > 0 && !has_output() && now - beat_at_ > beat / 2) {
    beat_at_ = now;
    output_ += heartbeat();
  }
  return true;
}

}  // namespace naru::faults
