// What worries us: shapes that clients do not know, and changes that are answered and not made.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>

#include "admin/test_support.h"
#include "core/memory_bounds.h"

namespace naru::admin {
namespace {

class HttpApiObjectsTest : public HttpApiTest {};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiObjectsTest, ::testing::Values(1, 2));

// ---- Objects

TEST_P(HttpApiObjectsTest, TheOverviewHasWhatToolsLookFor) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  const json::value overview = ask("GET", "/api/overview").body;
  EXPECT_EQ(overview.at("rabbitmq_version"), "4.2.0");
  EXPECT_EQ(overview.at("product_name"), "Naru");
  EXPECT_EQ(overview.at("naru_version"), "0.1.0");
  EXPECT_EQ(overview.at("object_totals").at("queues"), 1);
  EXPECT_EQ(overview.at("queue_totals").at("messages"), 0);
  EXPECT_EQ(overview.at("listeners").at(0).at("port"), 5672);
}

TEST_P(HttpApiObjectsTest, AQueueIsDeclaredShownAndDeleted) {
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

TEST_P(HttpApiObjectsTest, BodiesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", "{"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", "[]"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"durable":"maybe"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"exclusive":true})"), 400u);
  EXPECT_EQ(status("PUT", "/api/users/u", R"({"password":"x"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/users/u", R"({"password":"","tags":""})"), 400u);
  EXPECT_EQ(status("PUT", "/api/permissions/%2F/guest", R"({"configure":".*"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"arguments":{"x-expires":0}})"), 400u);
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/x", R"({"type":"heap"})"), 400u);
  EXPECT_EQ(
      status("PUT", "/api/permissions/%2F/guest", R"({"configure":"(","write":"","read":""})"),
      400u);
  EXPECT_EQ(get("/api/queues"), "[]");
}

TEST_P(HttpApiObjectsTest, ArgumentsThatDoNothingYetAreNamed) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q",
                   R"({"arguments":{"x-max-length":5,"x-expires":60000,"x-max-priority":3}})"),
            201u);
  EXPECT_EQ(get("/api/queues/%2F/q?columns=arguments_not_in_effect"),
            R"({"arguments_not_in_effect":["x-max-length","x-max-priority"]})");
}

TEST_P(HttpApiObjectsTest, TheLastAdministratorStays) {
  const Answer refused = ask("DELETE", "/api/users/guest");
  EXPECT_EQ(refused.status, 409u);
  EXPECT_NE(refused.text.find("first give another user the tag"), std::string::npos);
  EXPECT_EQ(status("PUT", "/api/users/guest", R"({"tags":""})"), 409u);
  make_user("root", "administrator");
  EXPECT_EQ(status("DELETE", "/api/users/guest"), 204u);
}

TEST_P(HttpApiObjectsTest, ExchangesAreDeclaredShownAndDeleted) {
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/x", R"({"type":"topic","durable":true})"), 201u);
  EXPECT_EQ(ask("GET", "/api/exchanges/%2F/x").body.at("type"), "topic");
  EXPECT_EQ(ask("GET", "/api/exchanges/%2F/amq.default").body.at("name"), "");
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/amq.mine"), 403u);
  EXPECT_EQ(status("DELETE", "/api/exchanges/%2F/x?if-unused=true"), 204u);
  EXPECT_EQ(status("GET", "/api/exchanges/%2F/x"), 404u);
}

TEST_P(HttpApiObjectsTest, BindingsAreMadeFoundByTheirKeyAndRemoved) {
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

TEST_P(HttpApiObjectsTest, ExchangesAreBoundToExchanges) {
  EXPECT_EQ(status("POST", "/api/bindings/%2F/e/amq.topic/e/amq.fanout", R"({"routing_key":"#"})"),
            201u);
  EXPECT_EQ(get("/api/exchanges/%2F/amq.topic/bindings/source?columns=destination"),
            R"([{"destination":"amq.fanout"}])");
  EXPECT_EQ(get("/api/exchanges/%2F/amq.fanout/bindings/destination?columns=source"),
            R"([{"source":"amq.topic"}])");
  EXPECT_EQ(status("DELETE", "/api/bindings/%2F/e/amq.topic/e/amq.fanout/%2523"), 204u);
}

TEST_P(HttpApiObjectsTest, UsersAndPermissionsAreKept) {
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

TEST_P(HttpApiObjectsTest, ATenantTakesAllThatIsInItAway) {
  EXPECT_EQ(status("PUT", "/api/vhosts/shop"), 201u);
  EXPECT_EQ(status("PUT", "/api/vhosts/shop"), 204u);
  EXPECT_EQ(status("GET", "/api/vhosts/shop"), 200u);
  EXPECT_EQ(status("DELETE", "/api/vhosts/shop"), 204u);
  EXPECT_EQ(status("GET", "/api/vhosts/shop"), 404u);
}

TEST_P(HttpApiObjectsTest, AUserMayComeWithAHash) {
  const std::string hash = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";
  const std::string body = R"({"tags":"management","password_hash":")" + hash + "\"}";
  EXPECT_EQ(status("PUT", "/api/users/ann", body), 201u);
  EXPECT_EQ(status("PUT", "/api/users/ann", body), 204u);
  EXPECT_EQ(ask("GET", "/api/users/ann").body.at("has_password"), true);
  EXPECT_EQ(status("PUT", "/api/users/ann", R"({"tags":"","password_hash":"AAAA"})"), 400u);
  EXPECT_EQ(status("PUT", "/api/users/ann",
                   R"({"tags":"","password":"x","password_hash":")" + hash + "\"}"),
            400u);
  EXPECT_EQ(get("/api/users/without-permissions?columns=name"), R"([{"name":"ann"}])");
}

TEST_P(HttpApiObjectsTest, WhatIsNotThereIsAnEmptyList) {
  for (const char* path : {"/api/policies", "/api/policies/%2F", "/api/operator-policies",
                           "/api/parameters", "/api/global-parameters", "/api/topic-permissions",
                           "/api/feature-flags", "/api/extensions"}) {
    EXPECT_EQ(get(path), "[]") << path;
  }
}

TEST_P(HttpApiObjectsTest, RatesAreOverTheTimeBetweenTwoLooks) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  const auto rate = [&] {
    return ask("GET", "/api/queues/%2F/q")
        .body.at("message_stats")
        .at("publish_details")
        .at("rate")
        .as_double();
  };
  EXPECT_EQ(rate(), 0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(status("POST", "/api/exchanges/%2F/amq.default/publish",
                     R"({"routing_key":"q","payload":"x"})"),
              200u);
  }
  rig_.advance(std::chrono::seconds(10));
  EXPECT_EQ(rate(), 2);
  EXPECT_EQ(ask("GET", "/api/queues").body.at(0).at("messages_ready_details").at("rate"), 2.0);
}

// ---- Connections

TEST_P(HttpApiObjectsTest, AConnectionIsListedAndClosedByItsName) {
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

TEST_P(HttpApiObjectsTest, WhatAClientCallsItselfIsShown) {
  Host host;
  const auto plain = connect(host, "guest");
  const auto named = connect(host, "guest");
  ByteBuffer encoded;
  message::encode(encoded, {{"connection_name", std::string("worker-7")}});
  connections_.all[1].client_properties = {std::string(as_text(encoded.view())),
                                           [](ByteView bytes) {
                                             ByteReader in(bytes);
                                             return message::decode_table(in);
                                           }};
  EXPECT_EQ(get("/api/connections?columns=user_provided_name"),
            R"([{},{"user_provided_name":"worker-7"}])");
}

TEST_P(HttpApiObjectsTest, AUsersConnectionsAreListedAndClosedTogether) {
  Host guests, keepers;
  const auto first = connect(guests, "guest");
  const auto second = connect(keepers, "keeper");
  const auto third = connect(keepers, "keeper");
  make_user("keeper", "management", ".*");
  make_user("watcher", "monitoring", ".*");
  const std::string path = "/api/connections/username/";
  const std::string two = R"([{"user":"keeper"},{"user":"keeper"}])";
  EXPECT_EQ(get(path + "keeper?columns=user"), two);
  EXPECT_EQ(get(path + "nobody"), "[]");
  login("watcher", "secret");
  EXPECT_EQ(get(path + "keeper?columns=user"), two);
  EXPECT_EQ(status("DELETE", path + "keeper"), 403u);
  login("keeper", "secret");
  EXPECT_EQ(status("GET", path + "guest"), 403u);
  EXPECT_EQ(status("DELETE", path + "guest"), 403u);
  EXPECT_EQ(keepers.closed_for, "");
  headers_ = {{"X-Reason", "maintenance"}};
  EXPECT_EQ(status("DELETE", path + "keeper"), 204u);
  EXPECT_EQ(keepers.closed_for, "maintenance");
  EXPECT_EQ(keepers.closed, 2);
  EXPECT_EQ(guests.closed, 0);
}

TEST_P(HttpApiObjectsTest, OthersConnectionsAreNeitherShownNorClosed) {
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

TEST_P(HttpApiObjectsTest, HealthChecksAnswerAsRabbitMqsDo) {
  EXPECT_EQ(status("GET", "/api/health/checks/alarms"), 200u);
  node_.now.disk_alarm = true;
  EXPECT_EQ(status("GET", "/api/health/checks/alarms"), 503u);
  EXPECT_EQ(status("GET", "/api/health/checks/port-listener/5672"), 200u);
  EXPECT_EQ(status("GET", "/api/health/checks/port-listener/1"), 503u);
  EXPECT_EQ(status("GET", "/api/health/checks/protocol-listener/amqp091"), 200u);
  EXPECT_EQ(status("GET", "/api/health/checks/protocol-listener/mqtt"), 503u);
  EXPECT_EQ(status("GET", "/api/health/checks/node-is-quorum-critical"), 200u);
  EXPECT_EQ(get("/api/aliveness-test/%2F"), R"({"status":"ok"})");
  EXPECT_EQ(status("GET", "/api/aliveness-test/nowhere"), 404u);
}

TEST_P(HttpApiObjectsTest, CompiledPatternsAreCountedAndLetGoOfAsMemoryGetsShort) {
  core::Shard& shard = rig_.shard(0);
  const std::size_t before = shard.memory().metadata;
  const auto used = [&] { return shard.memory().metadata - before; };
  std::size_t one = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string body = fmt::format(R"({{"configure":"^{}$","write":"","read":""}})", i);
    EXPECT_EQ(status("PUT", "/api/permissions/%2F/guest", body), 204u);
    EXPECT_TRUE(shard.catalog().authorize({"guest", ""}, *shard.catalog().find_tenant("/"),
                                          security::Action::configure, std::to_string(i)));
    if (i == 0) one = used();
    EXPECT_LE(used(), core::patterns_at(core::MemoryStep::normal));
  }
  EXPECT_GT(one, 0u);
  EXPECT_GT(used(), 100 * one);
  shard.set_memory_step(core::MemoryStep::page_out);
  EXPECT_LE(used(), core::patterns_at(core::MemoryStep::page_out));
  EXPECT_GT(used(), 10 * one) << "enough of them stay";
}

}  // namespace
}  // namespace naru::admin
