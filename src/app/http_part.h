#pragma once
/// The HTTP server among the parts of a shard.

#include <cstdint>

#include "io/http.h"
#include "server/shard_host.h"

namespace naru::app {

/// The HTTP server as shard 0's host sees it.
class HttpPart final : public server::TimedPart {
 public:
  explicit HttpPart(io::HttpServer& http) : http_(http) {}
  TimePoint next_deadline() const override { return http_.next_deadline(); }
  void on_deadline(const Now& now) override { http_.on_deadline(now); }
  std::uint64_t memory_bytes() const override { return http_.memory_bytes(); }

 private:
  io::HttpServer& http_;
};

}  // namespace naru::app
