#pragma once
/// Accepts TCP connections.

#include "base/log.h"
#include "io/asio/descriptor.h"
#include "io/asio/loop.h"
#include "io/network.h"

namespace naru::io::asio_impl {

struct ListenerCore;  // listener.cc

class TcpListener final : public Listener {
 public:
  using OnAccept = std::move_only_function<void(std::unique_ptr<Accepted>)>;

  /// Errors: as Network::listen.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, const Endpoint& at, OnAccept on_accept,
                                                Logger* log);
  /// Whether the address could be had now; nobody is accepted. Errors: as Network::listen.
  static Result<void> probe(Loop& loop, const Endpoint& at);
  explicit TcpListener(std::shared_ptr<ListenerCore> core);
  ~TcpListener() override;
  Endpoint local() const override;

 private:
  std::shared_ptr<ListenerCore> core_;
};

}  // namespace naru::io::asio_impl
