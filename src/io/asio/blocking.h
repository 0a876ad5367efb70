#pragma once
/// Streams that wait, over a loop that runs only while somebody waits.

#include "io/asio/loop.h"
#include "io/asio/network.h"
#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"
#include "io/blocking.h"
#include "io/http.h"

namespace naru::io::asio_impl {

/// Outlives its streams. Used by one thread.
class LoopConnector final : public Connector {
 public:
  LoopConnector();
  Result<std::unique_ptr<BlockingStream>> connect(const Endpoint& to, Duration time_max) override;

 private:
  Loop loop_;
  // Looks names up; gone before the loop.
  ThreadPool pool_;
  PoolWorkers workers_;
  TcpNetwork network_;
};

/// One connection per exchange.
class BlockingHttpClient final : public HttpClient {
 public:
  explicit BlockingHttpClient(Connector& connector) : connector_(connector) {}
  Result<HttpResponse> exchange(const Endpoint& server, const HttpRequest& request,
                                Duration time_max) override;

 private:
  Connector& connector_;
};

}  // namespace naru::io::asio_impl
