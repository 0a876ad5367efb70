#pragma once
/// The whole API in front of a broker that runs in one thread, for the tests of this folder.

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "admin/basic_auth.h"
#include "admin/http_api.h"
#include "admin/json.h"
#include "tests/support/broker_rig.h"

namespace naru::admin {

struct Connections final : ConnectionsPort {
  void each_connection(core::ShardId shard,
                       const std::function<void(const ConnectionStatus&)>& visit) const override {
    for (const ConnectionStatus& connection : all) {
      if (core::shard_of(connection.id) == shard) visit(connection);
    }
  }
  std::vector<ConnectionStatus> all;
};

struct Node final : NodePort {
  NodeStatus status() const override { return now; }
  bool log_is_full() const override { return now.log_full; }
  Node() { now.listeners = {{"amqp", "127.0.0.1", 5672}, {"http", "127.0.0.1", 15672}}; }
  NodeStatus now;
};

/// Properties as a table in JSON.
struct JsonMessages final : MessageFormat {
  struct Codec final : message::Codec {
    message::EncodingId id() const override { return message::EncodingId::amqp091; }
    Result<message::Table> headers(ByteView) const override { return message::Table(); }
  };
  Result<Header> write(const message::Table& properties) const override {
    if (on_write) on_write();
    Header header;
    header.codec = &codec;
    header.bytes.append(as_bytes(serialize(to_json(properties))));
    const message::Value* mode = message::find(properties, "delivery_mode");
    header.persistent = mode != nullptr && mode->integer() == 2;
    return header;
  }
  Result<message::Table> read(message::EncodingId, ByteView header) const override {
    NARU_TRY(object, parse_object(as_text(header)));
    return table_from_json(object);
  }
  Codec codec;
  std::function<void()> on_write;
};

/// A connection as far as the core knows of it.
struct Host final : core::ClientHost {
  void on_events(std::span<const core::Event> batch) override {
    for (const core::Event& event : batch) {
      const auto* close = std::get_if<core::CloseRequested>(&event);
      if (close == nullptr) continue;
      closed_for = close->text;
      ++closed;
    }
  }
  bool peer_is_loopback() const override { return true; }
  std::string closed_for;
  int closed = 0;  // how often
};

class HttpApiTest : public ::testing::TestWithParam<std::uint16_t> {
 protected:
  static constexpr std::size_t kListingsBytesMax = 640'000;  // 4,000 rows
  static constexpr std::size_t kMessagesBytesMax = 1u << 20;

  HttpApiTest()
      : rig_(disk_, rig_options(GetParam())),
        api_(rig_.shard(0), connections_, node_, &messages_,
             {.naru_version = "0.1.0", .compatible_version = "4.2.0", .node = "naru@test"},
             {.listings_bytes_max = kListingsBytesMax, .messages_bytes_max = kMessagesBytesMax}) {
    EXPECT_TRUE(rig_.started());
  }

  static testing::BrokerRig::Options rig_options(std::uint16_t shards) {
    testing::BrokerRig::Options options;
    options.shards = shards;
    options.lane.index_bytes = 0;  // a queue of some length leaves its index to the log
    options.lane.page_records = 8;
    return options;
  }

  struct Answer {
    unsigned status = 0;
    json::value body;
    std::string text;
    io::HttpHeaders headers;
  };

  Answer ask(std::string method, std::string target, std::string body = {}) {
    io::HttpRequest request{.method = std::move(method),
                            .target = std::move(target),
                            .headers = headers_,
                            .body = std::move(body),
                            .peer = {peer_, 4711}};
    if (!user_.empty()) {
      request.headers.emplace_back("Authorization", format_basic_auth(user_, password_));
    }
    Answer answer;
    std::unique_ptr<io::HttpBody> more;
    api_.on_request(std::move(request), io::HttpResponder([&](io::HttpResponse response) {
                      EXPECT_EQ(answer.status, 0u) << "answered twice";
                      answer.status = response.status;
                      answer.text = response.body;
                      answer.headers = response.headers;
                      more = std::move(response.more);
                    }));
    rig_.settle();
    EXPECT_NE(answer.status, 0u) << "not answered";
    while (more != nullptr) answer.text += next_piece(more);
    boost::system::error_code ignored;
    answer.body = json::parse(answer.text, ignored);
    return answer;
  }
  /// Takes one more piece of an answer, as the server does; `more` ends with the last one.
  std::string next_piece(std::unique_ptr<io::HttpBody>& more) {
    std::optional<std::string> piece;
    more->next([&](std::string next) { piece = std::move(next); });
    EXPECT_FALSE(piece) << "in a turn to come";
    rig_.settle();
    EXPECT_TRUE(piece);
    if (!piece || piece->empty()) more = nullptr;
    return piece.value_or("");
  }
  /// A request whose answer is taken piece by piece.
  struct Asked {
    unsigned status = 0;
    std::string text;
    std::unique_ptr<io::HttpBody> more;
  };
  std::shared_ptr<Asked> begin(const std::string& target, std::string method = "GET",
                               std::string body = {}) {
    auto asked = std::make_shared<Asked>();
    io::HttpRequest request{.method = std::move(method),
                            .target = target,
                            .headers = {{"Authorization", format_basic_auth("guest", "guest")}},
                            .body = std::move(body),
                            .peer = {"127.0.0.1", 4711}};
    api_.on_request(std::move(request), io::HttpResponder([asked](io::HttpResponse response) {
                      asked->status = response.status;
                      asked->text = std::move(response.body);
                      asked->more = std::move(response.more);
                    }));
    rig_.settle();
    return asked;
  }
  void take_rest(Asked& asked) {
    while (asked.more != nullptr) asked.text += next_piece(asked.more);
  }
  unsigned status(std::string method, std::string target, std::string body = {}) {
    return ask(std::move(method), std::move(target), std::move(body)).status;
  }
  std::string get(std::string target) { return ask("GET", std::move(target)).text; }
  void login(std::string user, std::string password) {
    user_ = std::move(user);
    password_ = std::move(password);
  }
  /// A user with tags, and with a permission in "/" when `pattern` is given.
  void make_user(const std::string& name, const std::string& tags, const char* pattern = nullptr) {
    login("guest", "guest");
    EXPECT_EQ(
        status("PUT", "/api/users/" + name, R"({"password":"secret","tags":")" + tags + "\"}"),
        201u);
    if (pattern != nullptr) {
      const std::string text = std::string("\"") + pattern + "\"";
      EXPECT_EQ(
          status("PUT", "/api/permissions/%2F/" + name,
                 R"({"configure":)" + text + R"(,"write":)" + text + R"(,"read":)" + text + "}"),
          201u);
    }
  }
  /// A connection of `user` on the last shard.
  std::unique_ptr<core::Client> connect(Host& host, std::string user) {
    auto client = rig_.shard(static_cast<std::uint16_t>(GetParam() - 1)).open_client(host);
    ConnectionStatus status;
    status.id = client->id();
    status.name =
        "127.0.0.1:" + std::to_string(40000 + connections_.all.size()) + " -> 127.0.0.1:5672";
    status.user = std::move(user);
    status.tenant = "/";
    status.protocol = "AMQP 0-9-1";
    status.state = "running";
    status.channels.emplace_back().number = 1;
    connections_.all.push_back(std::move(status));
    return client;
  }

  /// So many consumers of a queue of "/": "<queue>-1" and so on.
  void consume(core::Client& client, const std::string& queue, std::uint32_t count,
               const message::Table& arguments = {}) {
    client.assume({"guest", "administrator"}, rig_.shard(0).catalog().find_tenant("/"));
    for (std::uint32_t number = 1; number <= count; ++number) {
      core::Consume consume;
      consume.queue = queue;
      consume.consumer = core::ConsumerHandle(++consumers_);
      consume.channel = core::ChannelId(1);
      consume.tag = queue + "-" + std::to_string(number);
      consume.prefetch = 7;
      consume.arguments = arguments;
      core::Command command = std::make_unique<core::Request>(
          core::Request{core::RequestId(consumers_), std::move(consume)});
      client.submit({&command, 1});
    }
    rig_.settle();
  }

  storage::testing::FakeDisk disk_{1};
  testing::BrokerRig rig_;
  Connections connections_;
  Node node_;
  JsonMessages messages_;
  HttpApi api_;
  std::string peer_ = "127.0.0.1";
  std::string user_ = "guest";
  std::string password_ = "guest";
  io::HttpHeaders headers_;
  std::uint32_t consumers_ = 0;  // so far
};

}  // namespace naru::admin
