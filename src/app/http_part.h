#pragma once
/// The HTTP server among the parts of a shard.

#include <algorithm>
#include <cstdint>

#include "admin/http_api.h"
#include "io/http.h"
#include "server/shard_host.h"

namespace naru::app {

/// The HTTP server and what answers there, as shard 0's host sees them.
class HttpPart final : public server::TimedPart {
 public:
  HttpPart(io::HttpServer& http, admin::HttpApi& api) : http_(http), api_(api) {}
  TimePoint next_deadline() const override {
    return std::min(http_.next_deadline(), api_.next_deadline());
  }
  void on_deadline(const Now& now) override {
    http_.on_deadline(now);
    api_.on_deadline(now);
  }
  std::uint64_t memory_bytes() const override { return http_.memory_bytes() + api_.memory_bytes(); }

 private:
  io::HttpServer& http_;
  admin::HttpApi& api_;
};

}  // namespace naru::app
