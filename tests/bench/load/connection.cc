#include "connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace naru::bench {
namespace {

constexpr std::uint32_t kFrameMax = 131'072;
// Small until the load starts: a thousand idle connections must not cost the generator 128 MiB.
constexpr std::size_t kSetupBuffer = 4'096 + kFrameOverhead;
// Holds one whole frame of the greatest size and still fits a core's L2 cache.
constexpr std::size_t kLoadBuffer = 256 * 1'024;
constexpr int kSetupTimeoutSeconds = 30;

void set_option(int fd, int level, int name, int value) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) fail("setsockopt failed");
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
  std::exit(1);
}

void fail_on_close(const Frame& frame) {
  if (frame.type != kFrameMethod) return;
  if (frame.method() == Method::channel_close) fail("channel closed: " + close_reason(frame));
  if (frame.method() == Method::connection_close) fail("connection closed: " + close_reason(frame));
}

Connection::Connection(const Endpoint& endpoint)
    : in_bytes_(kSetupBuffer), in_(std::make_unique<std::uint8_t[]>(kSetupBuffer)) {
  open_socket(endpoint);
  handshake(endpoint);
}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      payload_max_(other.payload_max_),
      in_bytes_(other.in_bytes_),
      in_(std::move(other.in_)),
      head_(other.head_),
      tail_(other.tail_) {}

void Connection::open_socket(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) != 1) {
    fail("--host takes an IPv4 address, not " + endpoint.host);
  }
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::string("socket: ") + std::strerror(errno));
  const timeval limit{kSetupTimeoutSeconds, 0};
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) fail("SO_RCVTIMEO");
  set_option(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect to " + endpoint.host + ":" + std::to_string(endpoint.port) + ": " +
         std::strerror(errno));
  }
}

void Connection::handshake(const Endpoint& endpoint) {
  send_all(kProtocolHeader);
  expect(Method::connection_start);
  FrameWriter writer;
  writer.begin(0, Method::connection_start_ok).u32(0).short_string("PLAIN");
  const std::string zero(1, '\0');
  writer.long_string(zero + endpoint.user + zero + endpoint.password).short_string("en_US").end();
  send_all(writer.bytes());

  std::string tune;
  expect(Method::connection_tune, &tune);
  if (tune.size() < 12) fail("connection.tune is too short");
  const auto* field = reinterpret_cast<const std::uint8_t*>(tune.data()) + 4;
  const auto channel_max = load_big<std::uint16_t>(field);
  const auto offered = load_big<std::uint32_t>(field + 2);
  const std::uint32_t frame_max = offered == 0 ? kFrameMax : std::min(offered, kFrameMax);
  if (frame_max < 4'096) fail("the broker offers a frame_max below 4096");
  payload_max_ = frame_max - kFrameOverhead;

  writer.clear();
  writer.begin(0, Method::connection_tune_ok).u16(channel_max).u32(frame_max).u16(0).end();
  writer.begin(0, Method::connection_open).short_string(endpoint.tenant).short_string("").u8(0);
  writer.end();
  call(writer, Method::connection_open_ok);
  writer.clear();
  writer.begin(1, Method::channel_open).short_string("").end();
  call(writer, Method::channel_open_ok);
}

void Connection::call(const FrameWriter& request, Method reply, std::string* payload) {
  send_all(request.bytes());
  expect(reply, payload);
}

void Connection::expect(Method wanted, std::string* payload) {
  Frame frame;
  while (true) {
    const auto status = next_frame(unread(), payload_max_, frame);
    if (status == FrameStatus::malformed) fail("the broker sent a malformed frame");
    if (status == FrameStatus::need_more) {
      if (!receive()) fail("no answer from the broker within 30 s");
      continue;
    }
    head_ += frame_bytes(frame);
    fail_on_close(frame);
    if (frame.type != kFrameMethod || frame.method() != wanted) continue;
    if (payload) payload->assign(frame.payload.begin(), frame.payload.end());
    return;
  }
}

void Connection::start_load() {
  auto bigger = std::make_unique_for_overwrite<std::uint8_t[]>(kLoadBuffer);
  std::memcpy(bigger.get(), in_.get() + head_, tail_ - head_);
  tail_ -= head_;
  head_ = 0;
  in_ = std::move(bigger);
  in_bytes_ = kLoadBuffer;
  if (fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) fail("O_NONBLOCK failed");
}

bool Connection::receive() {
  if (head_ == tail_) {
    head_ = tail_ = 0;
  } else if (head_ > 0) {
    std::memmove(in_.get(), in_.get() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
  }
  if (tail_ == in_bytes_) fail("a frame does not fit the receive buffer");
  const ssize_t count = recv(fd_, in_.get() + tail_, in_bytes_ - tail_, 0);
  if (count > 0) {
    tail_ += static_cast<std::size_t>(count);
    return true;
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
  fail(count == 0 ? "the broker closed the connection" : std::string("recv: ") + strerror(errno));
}

std::size_t Connection::send_some(std::string_view bytes) {
  const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  fail(std::string("send: ") + strerror(errno));
}

void Connection::send_all(std::string_view bytes) {
  while (!bytes.empty()) bytes.remove_prefix(send_some(bytes));
}

}  // namespace naru::bench
