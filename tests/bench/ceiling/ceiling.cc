#include "ceiling.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "connection.h"

namespace naru::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1'024;
// A consumer that has so much waiting makes the publishers wait: the only bound, and a needed one.
constexpr std::size_t kCongestedBytes = 1 << 20;

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 1'024) != 0) {
    fail("cannot listen on port " + std::to_string(port));
  }
  return fd;
}

void add_readable(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl failed");
}

}  // namespace

Ceiling::Ceiling(std::uint16_t port, const std::string& log_path)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!log_path.empty()) {
    log_.emplace(log_path);
    open_ = std::make_unique<Batch>();
    for (int i = 0; i < 2; ++i) spare_.push_back(std::make_unique<Batch>());
    add_readable(epoll_, log_->event_fd());
  }
  listener_ = listen_on(port);
  add_readable(epoll_, listener_);
}

Ceiling::~Ceiling() {
  for (const auto& [fd, peer] : peers_) close(fd);
  close(listener_);
  close(epoll_);
}

void Ceiling::run(int stop_fd) {
  add_readable(epoll_, stop_fd);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait failed");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == stop_fd) return;
      if (fd == listener_) {
        accept_peer();
      } else if (log_ && fd == log_->event_fd()) {
        std::uint64_t signals = 0;
        if (read(fd, &signals, sizeof signals) < 0) continue;
      } else if (const auto found = peers_.find(fd); found != peers_.end()) {
        touch(*found->second);
        if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) read_peer(*found->second);
      }
    }
    if (log_) turn_log();
    flush_touched();
    update_congestion();
  }
}

void Ceiling::watch(Peer& peer) {
  const bool readable = !(congested_ && peer.publishes);
  const bool writable = !peer.out.empty();
  if (readable == peer.watched_readable && writable == peer.watched_writable) return;
  peer.watched_readable = readable;
  peer.watched_writable = writable;
  epoll_event event{};
  if (readable) event.events |= EPOLLIN;
  if (writable) event.events |= EPOLLOUT;
  event.data.fd = peer.fd;
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event) != 0) fail("epoll_ctl failed");
}

void Ceiling::accept_peer() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  auto peer = std::make_unique<Peer>();
  peer->fd = fd;
  peers_[fd] = std::move(peer);
  add_readable(epoll_, fd);
}

void Ceiling::read_peer(Peer& peer) {
  const auto space = peer.in.space(kReadBytes);
  const ssize_t count = recv(peer.fd, space.data(), std::min(space.size(), kReadBytes), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close_peer(peer);
  peer.in.commit(static_cast<std::size_t>(count));
  if (!peer.greeted) {
    if (peer.in.size() < kProtocolHeader.size()) return;
    greet(peer);
  }
  Frame frame;
  while (next_frame(peer.in.unread(), 1 << 20, frame) == FrameStatus::complete) {
    std::size_t used = frame_bytes(frame);
    if (frame.type == kFrameMethod) {
      if (frame.method() == Method::basic_publish) {
        Content message;
        used = read_message(peer.in.unread(), message);
        if (used == 0) break;
        on_message(peer, message);
      } else {
        on_method(peer, frame);
      }
    }
    peer.in.consume(used);
  }
  if (!log_) return confirm(peer, peer.published);
  if (peer.marked < peer.published) {
    open_->marks.push_back({&peer, peer.published});
    peer.marked = peer.published;
  }
}

void Ceiling::flush(Peer& peer) {
  if (peer.closed) return;
  while (!peer.out.empty()) {
    const auto bytes = peer.out.unread();
    const ssize_t count = send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) break;
    peer.out.consume(static_cast<std::size_t>(count));
  }
}

void Ceiling::touch(Peer& peer) {
  if (std::exchange(peer.touched, true)) return;
  touched_.push_back(&peer);
}

void Ceiling::flush_touched() {
  for (Peer* peer : touched_) {
    peer->touched = false;
    if (peer->closed) continue;
    flush(*peer);
    watch(*peer);
    const bool congested = peer->out.size() > kCongestedBytes;
    if (congested == peer->congested) continue;
    peer->congested = congested;
    congested ? ++congested_peers_ : --congested_peers_;
  }
  touched_.clear();
  const bool nothing_logged = !log_ || (log_->idle() && open_->messages.empty());
  if (nothing_logged) departed_.clear();
}

void Ceiling::update_congestion() {
  const bool congested = congested_peers_ > 0;
  if (congested == congested_) return;
  congested_ = congested;
  for (const auto& [fd, peer] : peers_) watch(*peer);
}

void Ceiling::close_peer(Peer& peer) {
  peer.closed = true;
  if (peer.congested) --congested_peers_;
  for (const auto& [name, queue] : queues_) std::erase(queue->consumers, &peer);
  const auto found = peers_.find(peer.fd);
  close(peer.fd);
  departed_.push_back(std::move(found->second));
  peers_.erase(found);
}

}  // namespace naru::bench
