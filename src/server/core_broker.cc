#include "server/core_broker.h"

#include <algorithm>

namespace naru::server {

namespace {

class CoreClient final : public BrokerClient {
 public:
  explicit CoreClient(std::unique_ptr<core::Client> client) : client_(std::move(client)) {}
  core::BrokerPort& port() override { return *client_; }
  core::ConnectionId id() const override { return client_->id(); }
  void on_output_drained() override { client_->on_output_drained(); }

 private:
  std::unique_ptr<core::Client> client_;
};

}  // namespace

std::unique_ptr<BrokerClient> CoreBroker::open_client(core::ClientHost& host) {
  return std::make_unique<CoreClient>(shard_.open_client(host));
}

bool CoreBroker::flush() {
  const bool more = shard_.flush();
  journal_.flush(shard_.options().id, shard_.now());
  mail_.flush(shard_.options().id);
  return more;
}

TimePoint CoreBroker::next_deadline() const {
  const TimePoint next = shard_.next_deadline();
  return owns_log() ? std::min(next, journal_.next_deadline()) : next;
}

bool CoreBroker::is_idle() const {
  return shard_.journal().uncommitted_bytes() == 0 && (!owns_log() || journal_.idle());
}

}  // namespace naru::server
