// What worries us: somebody who may do through this door what other doors refuse, answers that tell
// of another's things, and requests for what is not there.
#include "admin/http_api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "admin/operations.h"
#include "admin/test_support.h"

namespace naru::admin {
namespace {

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

TEST_P(HttpApiTest, WhileTheLogIsFullNothingIsChanged) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", "{}"), 201u);
  node_.now.log_full = true;
  node_.now.log_lacks = "no descriptor";
  for (const auto& [method, target] :
       {std::pair{"PUT", "/api/queues/%2F/other"}, std::pair{"DELETE", "/api/queues/%2F/q"},
        std::pair{"DELETE", "/api/queues/%2F/q/contents"},
        std::pair{"POST", "/api/queues/%2F/q/get"}, std::pair{"POST", "/api/definitions"}}) {
    const Answer answer = ask(method, target, R"({"count":1,"ackmode":"ack_requeue_true"})");
    EXPECT_EQ(answer.status, 503u) << target;
    EXPECT_NE(answer.text.find("the log is full"), std::string::npos);
    EXPECT_NE(answer.text.find("no descriptor"), std::string::npos);
    EXPECT_FALSE(io::find_header(answer.headers, "retry-after").empty());
  }
  EXPECT_EQ(status("GET", "/api/queues/%2F/q"), 200u) << "who looks is answered";
  EXPECT_EQ(status("DELETE", "/api/connections/nobody"), 404u) << "for this no room is needed";
  node_.now.log_full = false;
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/q"), 204u);
}

TEST_P(HttpApiTest, MetricsAreWrittenOnceASecond) {
  EXPECT_NE(get("/metrics").find("\nnaru_ready 1\n"), std::string::npos);
  node_.now.not_ready = "draining";
  EXPECT_NE(get("/metrics").find("\nnaru_ready 1\n"), std::string::npos);
  rig_.advance(std::chrono::seconds(1));
  EXPECT_NE(get("/metrics").find("\nnaru_ready 0\n"), std::string::npos);
}

TEST_P(HttpApiTest, MetricsHaveTheLabelsThatRabbitMqsDashboardsGroupBy) {
  const std::string text = get("/metrics");
  for (
      const std::string line :
      {R"(rabbitmq_global_messages_received_total{protocol="amqp091"} 0)",
       R"(rabbitmq_global_messages_confirmed_total{protocol="amqp091"} 0)",
       R"(rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_classic_queue"} 0)",
       R"(rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"} 0)",
       R"(rabbitmq_global_consumers{protocol="amqp091"} 0)",
       R"(rabbitmq_identity_info{rabbitmq_node="naru@test",rabbitmq_cluster="naru@localhost",rabbitmq_endpoint="aggregated"} 1)"}) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
  }
}

TEST_P(HttpApiTest, WhoHoldsMemoryIsToldWithItsBounds) {
  node_.now.memory_bytes_max = 1000;
  node_.now.memory = {.step = core::MemoryStep::stop,
                      .terms = {{"caches", 5, 50}, {"base", 7, 7}},
                      .bounds = {{"message", 13}},
                      .allocated_bytes = 11,
                      .connection_consumers_max = 16};
  const std::string text = get("/metrics");
  for (const std::string line :
       {R"(naru_memory_bytes{term="caches"} 5)", R"(naru_memory_limit_bytes{term="caches"} 50)",
        R"(naru_memory_bytes{term="base"} 7)", "naru_memory_accounted_bytes 12",
        "naru_memory_allocated_bytes 11", "naru_connection_consumers_limit 16",
        R"(naru_memory_bound_bytes{of="message"} 13)", R"(naru_connections_waiting{for="alarm"} 0)",
        "naru_memory_step 3", "rabbitmq_resident_memory_limit_bytes 1000"}) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
  }
  node_.now.processors = 96;
  const std::string node = get("/api/nodes/naru@test");
  EXPECT_NE(node.find(R"("memory":{"caches":5,"base":7,"limits":{"caches":50,"base":7},)"),
            std::string::npos)
      << node;
  EXPECT_NE(node.find(R"("step":"stop")"), std::string::npos);
  EXPECT_NE(node.find(fmt::format(R"("processors":96,"shards":{},)", GetParam())),
            std::string::npos);
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
  // Nobody knows yet that this one is right.
  login("guest", "guest");
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
  peer_ = "127.0.0.2";
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
  peer_ = "127.0.0.1";
  rig_.advance(std::chrono::seconds(1));
  login("guest", "wrong");
  EXPECT_EQ(status("GET", "/api/whoami"), 401u);
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
}

TEST_P(HttpApiTest, WrongPasswordsDoNotKeepOutThoseWhoseLoginIsKnown) {
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
  login("guest", "wrong");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status("GET", "/api/whoami"), 401u);
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
  login("guest", "guest");
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
  // Nothing that costs a hash is let through: a changed password is a new one.
  EXPECT_EQ(status("PUT", "/api/users/guest", R"({"password":"new","tags":"administrator"})"),
            204u);
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
  login("guest", "new");
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
}

TEST_P(HttpApiTest, GuestFromAfarIsBoundedThoughItsPasswordIsRight) {
  EXPECT_EQ(status("GET", "/api/whoami"), 200u);
  peer_ = "192.0.2.7";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status("GET", "/api/whoami"), 401u);
  EXPECT_EQ(status("GET", "/api/whoami"), 429u);
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

}  // namespace
}  // namespace naru::admin
