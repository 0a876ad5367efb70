// The whole API against a broker in one thread. What worries us: somebody who may do through this
// door what other doors refuse; answers that tell of another's things; shapes that clients do not
// know.
#include "admin/http_api.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "admin/basic_auth.h"
#include "admin/json.h"
#include "admin/operations.h"
#include "tests/support/broker_rig.h"

namespace naru::admin {
namespace {

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
  Node() { now.listeners = {{"amqp", "127.0.0.1", 5672}, {"http", "127.0.0.1", 15672}}; }
  NodeStatus now;
};

/// A connection as far as the core knows of it.
struct Host final : core::ClientHost {
  void on_events(std::span<const core::Event> batch) override {
    for (const core::Event& event : batch) {
      if (const auto* close = std::get_if<core::CloseRequested>(&event)) closed_for = close->text;
    }
  }
  bool peer_is_loopback() const override { return true; }
  std::string closed_for;
};

class HttpApiTest : public ::testing::TestWithParam<std::uint16_t> {
 protected:
  HttpApiTest()
      : rig_(disk_, rig_options(GetParam())),
        api_(rig_.shard(0), connections_, node_,
             {.naru_version = "0.1.0", .compatible_version = "4.2.0", .node = "naru@test"}) {
    EXPECT_TRUE(rig_.started());
  }

  static testing::BrokerRig::Options rig_options(std::uint16_t shards) {
    testing::BrokerRig::Options options;
    options.shards = shards;
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
    api_.on_request(std::move(request), io::HttpResponder([&](io::HttpResponse response) {
                      EXPECT_EQ(answer.status, 0u) << "answered twice";
                      answer.status = response.status;
                      answer.text = response.body;
                      answer.headers = response.headers;
                      boost::system::error_code ignored;
                      answer.body = json::parse(response.body, ignored);
                    }));
    rig_.settle();
    EXPECT_NE(answer.status, 0u) << "not answered";
    return answer;
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

  storage::testing::FakeDisk disk_{1};
  testing::BrokerRig rig_;
  Connections connections_;
  Node node_;
  HttpApi api_;
  std::string peer_ = "127.0.0.1";
  std::string user_ = "guest";
  std::string password_ = "guest";
  io::HttpHeaders headers_;
};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiTest, ::testing::Values(1, 2));

// ---- Who asks

TEST_P(HttpApiTest, WithoutAPasswordThereIsAChallenge) {
  user_.clear();
  const Answer answer = ask("GET", "/api/overview");
  EXPECT_EQ(answer.status, 401u);
  EXPECT_TRUE(io::find_header(answer.headers, "www-authenticate").starts_with("Basic "));
  EXPECT_EQ(answer.text, R"({"error":"not_authorized","reason":"Not_Authorized"})");
}

TEST_P(HttpApiTest, HealthAndMetricsNeedNoPassword) {
  user_.clear();
  EXPECT_EQ(get("/health/live"), R"({"status":"ok"})");
  EXPECT_EQ(status("GET", "/health/ready"), 200u);
  node_.now.not_ready = "draining";
  EXPECT_EQ(status("GET", "/health/ready"), 503u);
  EXPECT_NE(get("/metrics").find("\nrabbitmq_queues 0\n"), std::string::npos);
}

TEST_P(HttpApiTest, GuestFromAfarIsRefusedLikeAWrongPassword) {
  const std::string refused = [&] {
    login("guest", "wrong");
    return ask("GET", "/api/whoami").text;
  }();
  login("guest", "guest");
  peer_ = "192.0.2.7";
  const Answer answer = ask("GET", "/api/whoami");
  EXPECT_EQ(answer.status, 401u);
  EXPECT_EQ(answer.text, refused);
}

TEST_P(HttpApiTest, FailedLoginsAreBounded) {
  login("guest", "wrong");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status("GET", "/api/whoami"), 401u);
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
  login("guest", "guest");
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
  peer_ = "127.0.0.2";
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
}

TEST_P(HttpApiTest, RolesDecideWhatMayBeAsked) {
  make_user("plain", "");
  make_user("keeper", "management", ".*");
  make_user("watcher", "monitoring");
  login("plain", "secret");
  EXPECT_EQ(status("GET", "/api/whoami"), 403u);
  login("keeper", "secret");
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
  EXPECT_EQ(status("GET", "/api/nodes"), 403u);
  EXPECT_EQ(status("GET", "/api/users"), 403u);
  EXPECT_EQ(status("PUT", "/api/vhosts/mine"), 403u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/kept"), 201u);
  login("watcher", "secret");
  EXPECT_EQ(status("GET", "/api/nodes"), 200u);
  EXPECT_EQ(status("GET", "/api/queues/%2F/kept"), 200u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/other"), 403u);
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/kept"), 403u);
}

TEST_P(HttpApiTest, PermissionsHoldAsTheyDoForSessions) {
  make_user("keeper", "management", "^mine");
  login("keeper", "secret");
  EXPECT_EQ(status("PUT", "/api/queues/%2F/mine.1"), 201u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/yours.1"), 403u);
  login("guest", "guest");
  EXPECT_EQ(status("PUT", "/api/queues/%2F/yours.1"), 201u);
  login("keeper", "secret");
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/yours.1/contents"), 403u);
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/yours.1"), 403u);
}

TEST_P(HttpApiTest, AVhostThatOneMayNotEnterIsNotShown) {
  make_user("keeper", "management", ".*");
  EXPECT_EQ(status("PUT", "/api/vhosts/dark"), 201u);
  // Who makes a vhost may use it.
  EXPECT_EQ(status("PUT", "/api/queues/dark/hidden"), 201u);
  login("keeper", "secret");
  EXPECT_EQ(status("GET", "/api/queues/dark"), 403u);
  EXPECT_EQ(get("/api/queues?columns=name"), "[]");
  EXPECT_EQ(get("/api/vhosts?columns=name"), R"([{"name":"/"}])");
}

// ---- Paths

TEST_P(HttpApiTest, UnknownPathsAndMethodsAreTold) {
  EXPECT_EQ(status("GET", "/api/nothing"), 404u);
  EXPECT_EQ(status("GET", "/api/queues/nowhere"), 404u);
  EXPECT_EQ(status("GET", "nonsense"), 400u);
  const Answer answer = ask("POST", "/api/queues/%2F/q");
  EXPECT_EQ(answer.status, 405u);
  EXPECT_EQ(io::find_header(answer.headers, "allow"), "GET, PUT, DELETE");
}

TEST_P(HttpApiTest, HeadIsGetWithoutTheBody) {
  EXPECT_EQ(status("HEAD", "/api/overview"), 200u);
}

TEST_P(HttpApiTest, EveryOperationIsInTheOpenApiDocument) {
  const json::value document = ask("GET", "/api/openapi.json").body;
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const json::object& paths = document.at("paths").get_object();
  for (const Operation& operation : operations()) {
    std::string method(operation.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const std::string path(operation.path);
    ASSERT_TRUE(paths.contains(path)) << path;
    EXPECT_TRUE(paths.at(path).get_object().contains(method)) << method << ' ' << path;
  }
}

TEST_P(HttpApiTest, NoTwoOperationsAnswerTheSameRequest) {
  for (const Operation& a : operations()) {
    for (const Operation& b : operations()) {
      const bool same = a.method == b.method && a.path == b.path;
      EXPECT_EQ(same, &a == &b) << a.path;
    }
  }
}

// ---- Objects

TEST_P(HttpApiTest, TheOverviewHasWhatToolsLookFor) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  const json::value overview = ask("GET", "/api/overview").body;
  EXPECT_EQ(overview.at("rabbitmq_version"), "4.2.0");
  EXPECT_EQ(overview.at("product_name"), "Naru");
  EXPECT_EQ(overview.at("naru_version"), "0.1.0");
  EXPECT_EQ(overview.at("object_totals").at("queues"), 1);
  EXPECT_EQ(overview.at("queue_totals").at("messages"), 0);
  EXPECT_EQ(overview.at("listeners").at(0).at("port"), 5672);
}

TEST_P(HttpApiTest, AQueueIsDeclaredShownAndDeleted) {
  const std::string path = "/api/queues/%2F/a%2Fb";
  EXPECT_EQ(status("GET", path), 404u);
  EXPECT_EQ(status("PUT", path, R"({"durable":true,"arguments":{"x-message-ttl":5000}})"), 201u);
  EXPECT_EQ(status("PUT", path, R"({"durable":true,"arguments":{"x-message-ttl":5000}})"), 204u);
  const Answer different = ask("PUT", path, R"({"durable":false})");
  EXPECT_EQ(different.status, 409u);
  EXPECT_NE(different.text.find("inequivalent arg 'durable'"), std::string::npos);
  const json::value queue = ask("GET", path).body;
  EXPECT_EQ(queue.at("name"), "a/b");
  EXPECT_EQ(queue.at("vhost"), "/");
  EXPECT_EQ(queue.at("durable"), true);
  EXPECT_EQ(queue.at("arguments").at("x-message-ttl"), 5000);
  EXPECT_EQ(queue.at("messages_ready"), 0);
  EXPECT_EQ(queue.at("node"), "naru@test");
  EXPECT_EQ(queue.at("consumer_details"), json::array());
  EXPECT_EQ(get("/api/queues?columns=name"), R"([{"name":"a/b"}])");
  EXPECT_EQ(status("DELETE", path), 204u);
  EXPECT_EQ(status("DELETE", path), 404u);
}

TEST_P(HttpApiTest, BodiesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", "{"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", "[]"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"durable":"maybe"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"exclusive":true})"), 400u);
  EXPECT_EQ(status("PUT", "/api/users/u", R"({"password":"x"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/users/u", R"({"password":"","tags":""})"), 400u);
  EXPECT_EQ(status("PUT", "/api/permissions/%2F/guest", R"({"configure":".*"})"), 400u);
  EXPECT_EQ(get("/api/queues"), "[]");
}

TEST_P(HttpApiTest, ExchangesAreDeclaredShownAndDeleted) {
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/x", R"({"type":"topic","durable":true})"), 201u);
  EXPECT_EQ(ask("GET", "/api/exchanges/%2F/x").body.at("type"), "topic");
  EXPECT_EQ(ask("GET", "/api/exchanges/%2F/amq.default").body.at("name"), "");
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/amq.mine"), 403u);
  EXPECT_EQ(status("DELETE", "/api/exchanges/%2F/x?if-unused=true"), 204u);
  EXPECT_EQ(status("GET", "/api/exchanges/%2F/x"), 404u);
}

TEST_P(HttpApiTest, BindingsAreMadeFoundByTheirKeyAndRemoved) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  const std::string path = "/api/bindings/%2F/e/amq.headers/q/q";
  const Answer made =
      ask("POST", path, R"({"routing_key":"a.b","arguments":{"x-match":"all","n":1}})");
  EXPECT_EQ(made.status, 201u);
  const std::string location(io::find_header(made.headers, "location"));
  ASSERT_TRUE(location.starts_with("q/")) << location;
  const json::value found = ask("GET", path).body;
  ASSERT_EQ(found.get_array().size(), 1u);
  const std::string key(found.at(0).at("properties_key").get_string());
  EXPECT_EQ(ask("GET", path + "/" + key).body.at("routing_key"), "a.b");
  EXPECT_EQ(get("/api/queues/%2F/q/bindings?columns=source"),
            R"([{"source":""},{"source":"amq.headers"}])");
  EXPECT_EQ(status("DELETE", path + "/a.b"), 404u);
  EXPECT_EQ(status("DELETE", path + "/" + key), 204u);
  EXPECT_EQ(get(path), "[]");
  EXPECT_EQ(status("POST", "/api/bindings/%2F/e/nowhere/q/q"), 404u);
}

TEST_P(HttpApiTest, ExchangesAreBoundToExchanges) {
  EXPECT_EQ(status("POST", "/api/bindings/%2F/e/amq.topic/e/amq.fanout", R"({"routing_key":"#"})"),
            201u);
  EXPECT_EQ(get("/api/exchanges/%2F/amq.topic/bindings/source?columns=destination"),
            R"([{"destination":"amq.fanout"}])");
  EXPECT_EQ(get("/api/exchanges/%2F/amq.fanout/bindings/destination?columns=source"),
            R"([{"source":"amq.topic"}])");
  EXPECT_EQ(status("DELETE", "/api/bindings/%2F/e/amq.topic/e/amq.fanout/%2523"), 204u);
}

TEST_P(HttpApiTest, UsersAndPermissionsAreKept) {
  make_user("ann", "management", ".*");
  EXPECT_EQ(get("/api/users/ann?columns=name,tags"), R"({"name":"ann","tags":["management"]})");
  EXPECT_EQ(get("/api/users").find("rig:"), std::string::npos) << "a hash is shown";
  EXPECT_EQ(get("/api/permissions/%2F/ann"),
            R"({"user":"ann","vhost":"/","configure":".*","write":".*","read":".*"})");
  // Tags change, the password stays.
  EXPECT_EQ(status("PUT", "/api/users/ann", R"({"tags":["monitoring"]})"), 204u);
  login("ann", "secret");
  EXPECT_EQ(get("/api/whoami"), R"({"name":"ann","tags":["monitoring"]})");
  login("guest", "guest");
  EXPECT_EQ(status("DELETE", "/api/permissions/%2F/ann"), 204u);
  EXPECT_EQ(status("DELETE", "/api/permissions/%2F/ann"), 404u);
  EXPECT_EQ(status("DELETE", "/api/users/ann"), 204u);
  login("ann", "secret");
  EXPECT_EQ(status("GET", "/api/whoami"), 401u);
}

TEST_P(HttpApiTest, ATenantTakesAllThatIsInItAway) {
  EXPECT_EQ(status("PUT", "/api/vhosts/shop"), 201u);
  EXPECT_EQ(status("PUT", "/api/vhosts/shop"), 204u);
  EXPECT_EQ(status("GET", "/api/vhosts/shop"), 200u);
  EXPECT_EQ(status("DELETE", "/api/vhosts/shop"), 204u);
  EXPECT_EQ(status("GET", "/api/vhosts/shop"), 404u);
}

// ---- Connections

TEST_P(HttpApiTest, AConnectionIsListedAndClosedByItsName) {
  Host host;
  const auto client = connect(host, "guest");
  const std::string path =
      "/api/connections/" + std::string("127.0.0.1%3A40000%20-%3E%20127.0.0.1%3A5672");
  EXPECT_EQ(ask("GET", "/api/connections").body.get_array().size(), 1u);
  EXPECT_EQ(ask("GET", path).body.at("vhost"), "/");
  EXPECT_EQ(ask("GET", path + "/channels").body.at(0).at("number"), 1);
  headers_ = {{"X-Reason", "maintenance"}};
  EXPECT_EQ(status("DELETE", path), 204u);
  EXPECT_EQ(host.closed_for, "maintenance");
  EXPECT_EQ(status("DELETE", "/api/connections/unknown"), 404u);
}

TEST_P(HttpApiTest, OthersConnectionsAreNeitherShownNorClosed) {
  Host host;
  const auto client = connect(host, "guest");
  make_user("keeper", "management", ".*");
  make_user("watcher", "monitoring", ".*");
  const std::string path = "/api/connections/127.0.0.1:40000%20-%3E%20127.0.0.1:5672";
  login("keeper", "secret");
  EXPECT_EQ(get("/api/connections"), "[]");
  EXPECT_EQ(get("/api/channels"), "[]");
  EXPECT_EQ(status("GET", path), 403u);
  EXPECT_EQ(status("DELETE", path), 403u);
  login("watcher", "secret");
  EXPECT_EQ(status("GET", path), 200u);
  EXPECT_EQ(status("DELETE", path), 403u);
  EXPECT_EQ(host.closed_for, "");
}

TEST_P(HttpApiTest, ConsumersAreListedWithTheirConnection) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  Host host;
  const auto client = connect(host, "guest");
  core::Shard& shard = rig_.shard(static_cast<std::uint16_t>(GetParam() - 1));
  client->assume({"guest", "administrator"}, shard.catalog().find_tenant("/"));
  core::Consume consume;
  consume.queue = "q";
  consume.consumer = core::ConsumerHandle(1);
  consume.channel = core::ChannelId(1);
  consume.tag = "ctag1";
  consume.prefetch = 7;
  core::Command command =
      std::make_unique<core::Request>(core::Request{core::RequestId(1), std::move(consume)});
  client->submit({&command, 1});
  rig_.settle();
  const json::value consumers = ask("GET", "/api/consumers/%2F").body;
  ASSERT_EQ(consumers.get_array().size(), 1u);
  EXPECT_EQ(consumers.at(0).at("consumer_tag"), "ctag1");
  EXPECT_EQ(consumers.at(0).at("prefetch_count"), 7);
  EXPECT_EQ(consumers.at(0).at("channel_details").at("name"),
            "127.0.0.1:40000 -> 127.0.0.1:5672 (1)");
  EXPECT_EQ(ask("GET", "/api/queues/%2F/q").body.at("consumer_details").get_array().size(), 1u);
  EXPECT_EQ(ask("GET", "/api/overview").body.at("object_totals").at("consumers"), 1);
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/q?if-unused=true"), 409u);
}

TEST_P(HttpApiTest, HealthChecksAnswerAsRabbitMqsDo) {
  EXPECT_EQ(status("GET", "/api/health/checks/alarms"), 200u);
  node_.now.disk_alarm = true;
  EXPECT_EQ(status("GET", "/api/health/checks/alarms"), 503u);
  EXPECT_EQ(status("GET", "/api/health/checks/port-listener/5672"), 200u);
  EXPECT_EQ(status("GET", "/api/health/checks/port-listener/1"), 503u);
  EXPECT_EQ(status("GET", "/api/health/checks/protocol-listener/amqp091"), 200u);
  EXPECT_EQ(status("GET", "/api/health/checks/protocol-listener/mqtt"), 503u);
}

}  // namespace
}  // namespace naru::admin
