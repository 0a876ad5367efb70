#pragma once
/// Ports to HTTP: a small server for the broker's own API, and a client for its command line.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/network.h"

namespace naru::io {

/// In the order received or to be sent; names compare without case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first header called `name` (given in lower case), or an empty string.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  /// As sent: "/api/queues/%2F?columns=name".
  std::string target = "/";
  HttpHeaders headers;
  std::string body;
  /// Who asks; set by the server.
  Endpoint peer;
};

/// The rest of a long body, made while it is sent. Owned by the connection, which drops it after
/// the last piece, or when the peer is gone; perhaps while a piece is on its way.
class HttpBody {
 public:
  using Done = std::move_only_function<void(std::string piece)>;
  virtual ~HttpBody() = default;
  /// Calls `done` in a turn to come, on the server's loop: with the next piece, or with an empty
  /// one when there is none. Asked for when all that came before is with the operating system.
  virtual void next(Done done) = 0;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type;
  /// Further ones; length, type, date and connection are the server's matter.
  HttpHeaders headers;
  std::string body;
  /// What follows `body`; none: that was all.
  std::unique_ptr<HttpBody> more{};
};

/// Answers one request: called at most once, on the server's loop, perhaps long after on_request
/// returned. Does nothing when the peer has gone meanwhile. Dropped uncalled, it answers 500.
class HttpResponder {
 public:
  using Send = std::move_only_function<void(HttpResponse)>;
  using Wanted = std::move_only_function<bool() const>;
  explicit HttpResponder(Send send, Wanted wanted = nullptr)
      : send_(std::move(send)), wanted_(std::move(wanted)) {}
  HttpResponder(HttpResponder&& other) noexcept
      : send_(std::exchange(other.send_, nullptr)), wanted_(std::move(other.wanted_)) {}
  HttpResponder& operator=(HttpResponder&& other) noexcept {
    std::swap(send_, other.send_);
    std::swap(wanted_, other.wanted_);
    return *this;
  }
  ~HttpResponder() {
    if (send_) send_({.status = 500, .content_type = {}, .headers = {}, .body = {}});
  }
  void operator()(HttpResponse response) { std::exchange(send_, nullptr)(std::move(response)); }
  /// False when the peer is gone, or has ended its side, as those who still wait seldom do.
  bool is_wanted() const { return !wanted_ || wanted_(); }

 private:
  Send send_;
  Wanted wanted_;
};

/// Whoever answers. Called on the server's loop, for each connection one request at a time.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void on_request(HttpRequest request, HttpResponder respond) = 0;
};

struct HttpLimits {
  std::size_t header_bytes_max = 16u << 10;
  std::size_t body_bytes_max = 1u << 20;
  /// All bodies of requests that have not come whole, or are being answered. Nobody is known before
  /// a request is whole, so this bounds what strangers can make the server hold. For more, the
  /// oldest that are not whole go; when none is left: 503.
  std::size_t bodies_bytes_max = 16u << 20;
  /// All answers that have not been taken. For more, those go whose peers have taken nothing for
  /// the longest; one alone may be larger.
  std::size_t unsent_bytes_max = 64u << 20;
  /// At the limit the one whose time is over first makes room for a new one, unless it is being
  /// answered.
  std::size_t connections_max = 256;
  /// From the first byte of a request (for a new connection: from the start) to its last.
  Duration read_time_max = std::chrono::seconds(10);
  /// Between requests.
  Duration idle_time_max = std::chrono::seconds(60);
  /// For the handler to answer.
  Duration answer_time_max = std::chrono::seconds(60);
  /// For the peer to take `write_bytes_min` of a response, or the last of a piece.
  Duration write_time_max = std::chrono::seconds(20);
  std::size_t write_bytes_min = 64u << 10;
};

/// HTTP/1.1 over one loop's Network. What is malformed or beyond a limit gets a 4xx and a closed
/// connection. Owned by: that loop's owner, who calls on_deadline when next_deadline has come.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// Returns the address with the port given for port 0. May be called several times. Errors: as
  /// Network::listen.
  virtual Result<Endpoint> listen(const Endpoint& at) = 0;
  virtual TimePoint next_deadline() const = 0;
  virtual void on_deadline(const Now& now) = 0;
  virtual std::size_t connection_count() const = 0;
  /// What it holds for its peers: the connections, what has come of requests, what is unsent of
  /// answers. Quick.
  virtual std::size_t memory_bytes() const = 0;
};

/// One exchange after the other, waiting for each: for command-line tools.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Errors: not_found (no such host), unavailable (nobody listens, or no answer in time),
  /// malformed (not HTTP), io.
  virtual Result<HttpResponse> exchange(const Endpoint& server, const HttpRequest& request,
                                        Duration time_max) = 0;
};

}  // namespace naru::io
