#include "io/asio/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"
#include "io/asio/context.h"
#include "io/asio/os_error.h"

namespace naru::io::asio_impl {

namespace {
using boost::asio::ip::tcp;

constexpr unsigned kReadable = 1;
constexpr unsigned kWritable = 2;
// More pieces than this in one call gain nothing; the kernel's own limit is 1024.
constexpr std::size_t kPiecesMax = 64;

Endpoint endpoint_of(int socket, int (*get)(int, sockaddr*, socklen_t*)) {
  tcp::endpoint endpoint;
  auto length = static_cast<socklen_t>(endpoint.capacity());
  if (get(socket, endpoint.data(), &length) != 0) return {};
  return {endpoint.address().to_string(), endpoint.port()};
}

tcp family_of(int socket) {
  int family = AF_INET;
  socklen_t length = sizeof family;
  ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length);
  return family == AF_INET6 ? tcp::v6() : tcp::v4();
}
}  // namespace

Endpoint local_endpoint(int socket) {
  return endpoint_of(socket, ::getsockname);
}
Endpoint peer_endpoint(int socket) {
  return endpoint_of(socket, ::getpeername);
}

/// Outlives its TcpStream while Asio holds a wait that refers to it. One loop, so the count is
/// plain.
struct StreamCore final : public Ready {
  StreamCore(Loop& on_loop, int fd) : loop(on_loop), socket(on_loop.context().io) {
    socket.assign(family_of(fd), fd);
  }

  void on_ready() override {
    const unsigned now_ready = std::exchange(ready, 0);
    // The handler may destroy the stream between the two calls.
    ++references;
    if ((now_ready & kReadable) != 0 && handler != nullptr) handler->on_readable();
    if ((now_ready & kWritable) != 0 && handler != nullptr) handler->on_writable();
    release();
  }
  void release() {
    if (--references == 0) delete this;
  }
  void close() {
    handler = nullptr;
    unlink();
    boost::system::error_code ignored;
    socket.close(ignored);
    release();
  }

  Loop& loop;
  tcp::socket socket;
  StreamHandler* handler = nullptr;
  unsigned references = 1;
  std::uint8_t awaited = 0;
  std::uint8_t ready = 0;
};

namespace {
/// What Asio calls when the socket is ready. Holds a reference, so that it may be called, or
/// dropped, after the stream.
class WaitHandler {
 public:
  using allocator_type = OperationAllocator<void>;

  WaitHandler(StreamCore& core, unsigned what) : core_(&core), what_(what) { ++core_->references; }
  WaitHandler(WaitHandler&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), what_(other.what_) {}
  WaitHandler& operator=(WaitHandler&&) = delete;
  ~WaitHandler() {
    if (core_ != nullptr) core_->release();
  }
  allocator_type get_allocator() const { return allocator_type(core_->loop.context().operations); }
  void operator()(boost::system::error_code error) {
    core_->awaited = static_cast<std::uint8_t>(core_->awaited & ~what_);
    if (error || core_->handler == nullptr) return;  // closed
    core_->ready = static_cast<std::uint8_t>(core_->ready | what_);
    core_->loop.collect(*core_);
  }

 private:
  StreamCore* core_;
  unsigned what_;
};

void await(StreamCore& core, unsigned what, tcp::socket::wait_type type) {
  NARU_CHECK(core.handler != nullptr, "a stream's handler is set before it waits");
  if (((core.awaited | core.ready) & what) != 0) return;
  core.awaited = static_cast<std::uint8_t>(core.awaited | what);
  core.socket.async_wait(type, WaitHandler(core, what));
}
}  // namespace

TcpStream::TcpStream(Loop& loop, Descriptor socket)
    : core_(new StreamCore(loop, socket.release())) {
  // Output leaves in whole turns; Nagle's algorithm would only delay the last segment.
  const int on = 1;
  ::setsockopt(core_->socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

TcpStream::~TcpStream() {
  core_->close();
}

void TcpStream::set_handler(StreamHandler* handler) {
  core_->handler = handler;
}

void TcpStream::await_readable() {
  await(*core_, kReadable, tcp::socket::wait_read);
}

void TcpStream::await_writable() {
  await(*core_, kWritable, tcp::socket::wait_write);
}

Result<std::size_t> TcpStream::read_some(MutableByteView into) {
  while (true) {
    const ssize_t got = ::recv(core_->socket.native_handle(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) return fail(Errc::need_more);
    if (errno != EINTR) return fail_errno("read");
  }
}

Result<std::size_t> TcpStream::write_some(std::span<const ByteView> pieces) {
  std::array<iovec, kPiecesMax> vectors;
  const std::size_t count = std::min(pieces.size(), kPiecesMax);
  for (std::size_t i = 0; i < count; ++i) {
    // sendmsg only reads; iovec has no const form.
    vectors[i] = {const_cast<std::uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  while (true) {
    const ssize_t sent = ::sendmsg(core_->socket.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return fail(Errc::need_more);
    if (errno != EINTR) return fail_errno("write");
  }
}

std::size_t TcpStream::untaken_bytes() const {
  int bytes = 0;  // that are not acknowledged
  if (::ioctl(core_->socket.native_handle(), SIOCOUTQ, &bytes) != 0) return 0;
  return static_cast<std::size_t>(bytes);
}

bool TcpStream::peer_has_gone() const {
  pollfd look{.fd = core_->socket.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void TcpStream::shutdown_write() {
  boost::system::error_code ignored;
  core_->socket.shutdown(tcp::socket::shutdown_send, ignored);
}

Endpoint TcpStream::peer() const {
  return peer_endpoint(core_->socket.native_handle());
}
Endpoint TcpStream::local() const {
  return local_endpoint(core_->socket.native_handle());
}

}  // namespace naru::io::asio_impl
