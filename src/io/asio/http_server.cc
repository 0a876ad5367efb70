#include "io/asio/http_server.h"

#include <algorithm>
#include <utility>

#include "io/asio/http_connection.h"

namespace naru::io::asio_impl {

namespace {
constexpr std::size_t kReadBytes = 16u << 10;
}  // namespace

StreamHttpServer::StreamHttpServer(Scheduler& scheduler, Network& network, HttpHandler& handler,
                                   HttpLimits limits, Logger* log)
    : scheduler_(scheduler),
      network_(network),
      handler_(handler),
      limits_(limits),
      log_(log),
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

template <typename Wanted>
bool StreamHttpServer::end_first(Wanted&& wanted) {
  std::shared_ptr<HttpConnection> first;
  for (const auto& [id, connection] : connections_) {
    if (!wanted(*connection)) continue;
    if (first == nullptr || connection->ends_before(*first)) first = connection;
  }
  if (first == nullptr) return false;
  first->close();
  return true;
}

// Strangers who take all the places and never end a request shut nobody out. False when all of them
// wait for us.
bool StreamHttpServer::make_room() {
  return end_first([](const HttpConnection& it) { return it.awaits_peer(); });
}

void StreamHttpServer::wake_at(TimePoint deadline) {
  next_deadline_ = std::min(next_deadline_, deadline);
}

// Nor do those who announce bodies and do not send them.
bool StreamHttpServer::claim(const HttpConnection& claimer, std::size_t body_bytes) {
  while (bodies_bytes_ + body_bytes > limits_.bodies_bytes_max) {
    const bool fewer =
        end_first([&](const HttpConnection& it) { return &it != &claimer && it.awaits_body(); });
    if (!fewer) return false;
  }
  bodies_bytes_ += body_bytes;
  return true;
}

void StreamHttpServer::make_room_to_send(const HttpConnection& sender) {
  while (unsent_bytes_ > limits_.unsent_bytes_max) {
    const bool fewer =
        end_first([&](const HttpConnection& it) { return &it != &sender && it.is_sending(); });
    if (!fewer) return;
  }
}

void StreamHttpServer::note_slow(const Endpoint& peer, std::size_t left_bytes) {
  if (log_ == nullptr) return;
  log_->warn(
      "{}: closing HTTP connection: {} bytes of an answer are left, of which it takes less "
      "than {} in {} s",
      peer.to_string(), left_bytes, limits_.write_bytes_min,
      std::chrono::duration_cast<std::chrono::seconds>(limits_.write_time_max).count());
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
