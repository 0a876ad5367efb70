#pragma once
/// TCP as one loop sees it.

#include "base/log.h"
#include "io/asio/descriptor.h"
#include "io/asio/loop.h"
#include "io/network.h"
#include "io/workers.h"

namespace naru::io::asio_impl {

/// Owned by: its loop's owner, used on the loop's thread. Listeners and streams outlive neither the
/// network nor the loop.
class TcpNetwork final : public Network {
 public:
  /// `workers` look host names up; without them connect() takes literal addresses only. `log` is
  /// told when there are no descriptors to accept with.
  explicit TcpNetwork(Loop& loop, Workers* workers = nullptr, Logger* log = nullptr);

  /// Literal addresses only.
  Result<std::unique_ptr<Listener>> listen(
      const Endpoint& at,
      std::move_only_function<void(std::unique_ptr<Accepted>)> on_accept) override;
  std::unique_ptr<Stream> adopt(std::unique_ptr<Accepted> accepted) override;
  void connect(const Endpoint& to,
               std::move_only_function<void(Result<std::unique_ptr<Stream>>)> done) override;

 private:
  Loop& loop_;
  Workers* workers_;
  Logger* log_;
};

/// A connection between the loop that accepted it and the one that adopts it.
class AcceptedSocket final : public Accepted {
 public:
  explicit AcceptedSocket(Descriptor accepted) : socket(std::move(accepted)) {}
  Descriptor socket;
};

}  // namespace naru::io::asio_impl
