#include "io/asio/http_server.h"

#include <algorithm>
#include <utility>

#include "io/asio/http_connection.h"

namespace naru::io::asio_impl {

namespace {
constexpr std::size_t kReadBytes = 16u << 10;
// All bodies on their way together: 16 of the largest. Nobody is authenticated before a request is
// complete, so this bounds what strangers can make the broker hold.
constexpr std::size_t kBodiesAtOnce = 16;
}  // namespace

StreamHttpServer::StreamHttpServer(Scheduler& scheduler, Network& network, HttpHandler& handler,
                                   HttpLimits limits)
    : scheduler_(scheduler),
      network_(network),
      handler_(handler),
      limits_(limits),
      read_buffer_(kReadBytes) {}

StreamHttpServer::~StreamHttpServer() {
  for (auto& [id, connection] : std::exchange(connections_, {})) connection->drop();
}

Result<Endpoint> StreamHttpServer::listen(const Endpoint& at) {
  NARU_TRY(listener, network_.listen(at, [this](std::unique_ptr<Accepted> accepted) {
    accept(std::move(accepted));
  }));
  listeners_.push_back(std::move(listener));
  return listeners_.back()->local();
}

void StreamHttpServer::accept(std::unique_ptr<Accepted> accepted) {
  // Beyond the limit the peer sees a closed connection: there is nothing to be spent on it.
  if (connections_.size() >= limits_.connections_max && !make_room()) return;
  const std::uint64_t id = ++connection_counter_;
  auto connection =
      std::make_shared<HttpConnection>(*this, id, network_.adopt(std::move(accepted)));
  connections_.emplace(id, connection);
  connection->start();
}

// Strangers who take all the places and never end a request shut nobody out: the oldest that does
// not wait for us goes. False when all of them do.
bool StreamHttpServer::make_room() {
  std::shared_ptr<HttpConnection> oldest;
  std::uint64_t oldest_id = UINT64_MAX;
  for (const auto& [id, connection] : connections_) {
    if (id > oldest_id || !connection->awaits_peer()) continue;
    oldest_id = id;
    oldest = connection;
  }
  if (oldest == nullptr) return false;
  oldest->close();
  return true;
}

void StreamHttpServer::wake_at(TimePoint deadline) {
  next_deadline_ = std::min(next_deadline_, deadline);
}

bool StreamHttpServer::claim(std::size_t body_bytes) {
  if (claimed_bytes_ + body_bytes > kBodiesAtOnce * limits_.body_bytes_max) return false;
  claimed_bytes_ += body_bytes;
  return true;
}

void StreamHttpServer::on_deadline(const Now& now) {
  next_deadline_ = kNever;
  std::vector<std::shared_ptr<HttpConnection>> late;
  for (const auto& [id, connection] : connections_) {
    if (connection->deadline() <= now.mono) {
      late.push_back(connection);
    } else {
      wake_at(connection->deadline());
    }
  }
  for (const auto& connection : late) connection->on_deadline();
}

}  // namespace naru::io::asio_impl
