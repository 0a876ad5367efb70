#pragma once
/// Streams that wait, over a loop that runs only while somebody waits.

#include <memory>

#include "io/blocking.h"
#include "io/http.h"

namespace naru::io::asio_impl {

/// Outlives its streams. Used by one thread; costs nothing until the first connection.
class LoopConnector final : public Connector {
 public:
  LoopConnector();
  ~LoopConnector() override;
  Result<std::unique_ptr<BlockingStream>> connect(const Endpoint& to, Duration time_max) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
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
