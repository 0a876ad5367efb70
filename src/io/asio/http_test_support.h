#pragma once
/// An HTTP server with a peer in one loop, for the tests of this folder.

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/asio/http_server.h"
#include "io/asio/network.h"
#include "io/asio/test_support.h"

namespace naru::io::asio_impl {

/// Answers with the method, target and body, or keeps the responders when told to.
struct Echo final : HttpHandler {
  void on_request(HttpRequest request, HttpResponder respond) override {
    ++requests;
    last = request;
    if (hold) return held.push_back(std::move(respond));
    respond({.status = 200,
             .content_type = "text/plain",
             .headers = {},
             .body = request.method + " " + request.target + " " + request.body + appendix});
  }
  int requests = 0;
  bool hold = false;
  std::string appendix;
  HttpRequest last;
  std::deque<HttpResponder> held;
};

class HttpServerTest : public testing::Test, public StreamHandler {
 protected:
  explicit HttpServerTest(HttpLimits limits = {}) : server_(loop_, network_, handler_, limits) {
    auto at = server_.listen({"127.0.0.1", 0});
    EXPECT_TRUE(at) << at.error().what;
    at_ = *at;
    connect();
  }

  void connect() {
    stream_.reset();
    received_.clear();
    ended_ = false;
    network_.connect(at_, [this](Result<std::unique_ptr<Stream>> stream) {
      EXPECT_TRUE(stream) << stream.error().what;
      stream_ = std::move(*stream);
    });
    const RunUntil run(loop_, [this] { return stream_ != nullptr; });
    stream_->set_handler(this);
    stream_->await_readable();
  }
  void on_readable() override {
    std::array<std::uint8_t, 4096> buffer;
    const auto got = stream_->read_some(buffer);
    if (got && *got != 0) received_ += as_text(ByteView(buffer).first(*got));
    ended_ = (got && *got == 0) || (!got && got.error().code != Errc::need_more);
    if (!ended_) stream_->await_readable();
  }
  void on_writable() override {}

  void send(std::string_view text) {
    const ByteView piece = as_bytes(text);
    EXPECT_EQ(stream_->write_some({&piece, 1}), text.size());
  }
  void until(std::function<bool()> done) {
    if (!done()) const RunUntil run(loop_, std::move(done));
  }
  /// Lets everything that is on its way arrive.
  void settle() {
    int turns = 0;
    std::function<void()> next = [&] {
      if (++turns < 8) loop_.post([&] { next(); });
    };
    next();
    until([&] { return turns == 8; });
  }
  void until_received(std::string_view text) {
    until([&] { return received_.find(text) != std::string::npos || ended_; });
    EXPECT_NE(received_.find(text), std::string::npos) << received_;
  }
  void until_ended() {
    until([this] { return ended_; });
  }

  Loop loop_;
  TcpNetwork network_{loop_};
  Echo handler_;
  StreamHttpServer server_;
  Endpoint at_;
  std::unique_ptr<Stream> stream_;
  std::string received_;
  bool ended_ = false;
};

}  // namespace naru::io::asio_impl
