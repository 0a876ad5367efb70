#include "io/asio/network.h"

#include <netdb.h>
#include <sys/socket.h>

#include <vector>

#include "base/check.h"
#include "io/asio/context.h"
#include "io/asio/listener.h"
#include "io/asio/os_error.h"
#include "io/asio/stream.h"

namespace naru::io::asio_impl {

namespace {
using boost::asio::ip::tcp;
using ConnectDone = std::move_only_function<void(Result<std::unique_ptr<Stream>>)>;

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

/// Blocking; runs on a worker.
Result<std::vector<tcp::endpoint>> look_up(const Endpoint& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(name.host.c_str(), nullptr, &hints, &found);
  if (code != 0) return fail(Errc::not_found, name.host + ": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, AddressListDeleter> list(found);
  std::vector<tcp::endpoint> endpoints;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.port(name.port);
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

/// Tries one address after the other; reports the first success or the last failure.
class ConnectAttempt final : public Ready, public std::enable_shared_from_this<ConnectAttempt> {
 public:
  ConnectAttempt(Loop& loop, Endpoint to, ConnectDone done)
      : loop_(loop), to_(std::move(to)), done_(std::move(done)), socket_(loop.context().io) {}

  void start(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    try_next();
  }
  void finish(Result<std::unique_ptr<Stream>> result) { done_(std::move(result)); }

  void on_ready() override {
    const auto self = std::exchange(keep_, nullptr);
    if (error_) return try_next();
    // Asio's socket gives its descriptor up; the stream has one of its own.
    finish(std::make_unique<TcpStream>(loop_, Descriptor(socket_.release())));
  }

 private:
  void try_next() {
    if (next_ == endpoints_.size()) {
      return finish(std::unexpected(
          os_error(error_ ? error_.value() : EHOSTUNREACH, "connect to " + to_.to_string())));
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(endpoints_[next_++],
                          [self = shared_from_this()](boost::system::error_code error) {
                            self->error_ = error;
                            self->keep_ = self;
                            self->loop_.collect(*self);
                          });
  }

  Loop& loop_;
  Endpoint to_;
  ConnectDone done_;
  tcp::socket socket_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  boost::system::error_code error_;
  std::shared_ptr<ConnectAttempt> keep_;  // while collected
};
}  // namespace

TcpNetwork::TcpNetwork(Loop& loop, Workers* workers, Logger* log)
    : loop_(loop), workers_(workers), log_(log) {}

Result<std::unique_ptr<Listener>> TcpNetwork::listen(
    const Endpoint& at, std::move_only_function<void(std::unique_ptr<Accepted>)> on_accept) {
  return TcpListener::open(loop_, at, std::move(on_accept), log_);
}

std::unique_ptr<Stream> TcpNetwork::adopt(std::unique_ptr<Accepted> accepted) {
  // All that is accepted in this process is a socket of ours.
  auto& socket = static_cast<AcceptedSocket&>(*accepted);
  NARU_CHECK(socket.socket, "an accepted connection is adopted once");
  return std::make_unique<TcpStream>(loop_, std::move(socket.socket));
}

void TcpNetwork::connect(const Endpoint& to, ConnectDone done) {
  auto attempt = std::make_shared<ConnectAttempt>(loop_, to, std::move(done));
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(to.host, error);
  if (!error) return attempt->start({tcp::endpoint(address, to.port)});
  if (workers_ == nullptr) {
    return loop_.post([attempt, to] {
      attempt->finish(fail(Errc::malformed, to.to_string() + ": not a literal address"));
    });
  }
  auto found = std::make_shared<Result<std::vector<tcp::endpoint>>>();
  const bool queued = workers_->submit([found, to] { *found = look_up(to); },
                                       [attempt, found] {
                                         if (!*found) {
                                           attempt->finish(std::unexpected(found->error()));
                                         } else {
                                           attempt->start(std::move(**found));
                                         }
                                       });
  if (!queued) {
    loop_.post(
        [attempt] { attempt->finish(fail(Errc::unavailable, "too many name lookups at once")); });
  }
}

}  // namespace naru::io::asio_impl
