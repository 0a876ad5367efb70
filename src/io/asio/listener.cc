#include "io/asio/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "io/asio/context.h"
#include "io/asio/network.h"
#include "io/asio/os_error.h"
#include "io/asio/stream.h"

namespace naru::io::asio_impl {

namespace {
using boost::asio::ip::tcp;

// The rest of a flood waits for the next turn, so that connections that are open get theirs.
constexpr int kAcceptsPerTurnMax = 64;
// Out of descriptors: how long until the next try.
constexpr auto kPause = std::chrono::milliseconds(50);
// It happens many times or not at all.
constexpr Duration kBetweenWarnings = std::chrono::seconds(60);

Descriptor open_reserve() {
  return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}
}  // namespace

/// Outlives its TcpListener while Asio holds a wait that refers to it.
struct ListenerCore final : public Ready, public std::enable_shared_from_this<ListenerCore> {
  ListenerCore(Loop& on_loop, TcpListener::OnAccept accept, Logger* logger)
      : loop(on_loop),
        log(logger),
        acceptor(on_loop.context().io),
        pause(on_loop.context().io),
        on_accept(std::move(accept)),
        reserve(open_reserve()) {}

  void await() {
    acceptor.async_wait(tcp::acceptor::wait_read,
                        [self = shared_from_this()](boost::system::error_code error) {
                          if (!error && !self->closed) self->loop.collect(*self);
                        });
  }

  void on_ready() override {
    const auto self = shared_from_this();  // on_accept may destroy the listener
    for (int i = 0; i < kAcceptsPerTurnMax && !closed; ++i) {
      Descriptor socket(
          ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket) {
        on_accept(std::make_unique<AcceptedSocket>(std::move(socket)));
      } else if (const int error = errno; out_of_descriptors(error)) {
        warn(error);
        refuse_and_pause();
        return;
      } else if (error == EAGAIN) {
        break;
      }  // else the peer gave up while it waited (ECONNABORTED and its like): take the next
    }
    if (!closed) await();
  }

  /// Without this the pending connection would stay ready and the loop would spin; with it the
  /// client learns at once.
  void refuse_and_pause() {
    reserve.reset();
    Descriptor(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    reserve = open_reserve();
    pause.expires_after(kPause);
    pause.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && !self->closed) self->loop.collect(*self);
    });
  }

  void warn(int error) {
    if (log == nullptr || loop.now().mono < next_warning) return;
    next_warning = loop.now().mono + kBetweenWarnings;
    log->warn("connections cannot be accepted and are refused: {}",
              os_error(error, local_endpoint(acceptor.native_handle()).to_string()).what);
  }

  void close() {
    closed = true;
    unlink();
    boost::system::error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  }

  Loop& loop;
  Logger* log;
  TimePoint next_warning{};
  tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  TcpListener::OnAccept on_accept;
  Descriptor reserve;
  bool closed = false;
};

static Result<void> bind(tcp::acceptor& acceptor, const Endpoint& at) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(at.host, error);
  if (error) return fail(Errc::malformed, at.to_string() + ": not a literal address");
  const tcp::endpoint endpoint(address, at.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) acceptor.bind(endpoint, error);
  if (error) return std::unexpected(os_error(error.value(), at.to_string()));
  return {};
}

Result<void> TcpListener::probe(Loop& loop, const Endpoint& at) {
  tcp::acceptor acceptor(loop.context().io);
  return bind(acceptor, at);
}

Result<std::unique_ptr<Listener>> TcpListener::open(Loop& loop, const Endpoint& at,
                                                    OnAccept on_accept, Logger* log) {
  auto core = std::make_shared<ListenerCore>(loop, std::move(on_accept), log);
  NARU_TRY_VOID(bind(core->acceptor, at));
  boost::system::error_code error;
  core->acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return std::unexpected(os_error(error.value(), at.to_string()));
  core->await();
  return std::make_unique<TcpListener>(std::move(core));
}

TcpListener::TcpListener(std::shared_ptr<ListenerCore> core) : core_(std::move(core)) {}
TcpListener::~TcpListener() {
  core_->close();
}
Endpoint TcpListener::local() const {
  return local_endpoint(core_->acceptor.native_handle());
}

}  // namespace naru::io::asio_impl
