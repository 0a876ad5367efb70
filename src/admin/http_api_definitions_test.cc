// What worries us: a broker that comes back from its definitions as another one, and half an import
// that looks like a whole one.
#include <gtest/gtest.h>

#include "admin/test_support.h"

namespace naru::admin {
namespace {

class HttpApiDefinitionsTest : public HttpApiTest {};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiDefinitionsTest, ::testing::Values(1, 2));

constexpr const char* kFile = R"({
  "rabbit_version": "3.13.7",
  "users": [{"name":"ann","tags":["monitoring"],"limits":{},
             "password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
             "hashing_algorithm":"rabbit_password_hashing_sha256"}],
  "vhosts": [{"name":"/"},{"name":"shop"}],
  "permissions": [{"user":"ann","vhost":"shop","configure":"^a","write":".*","read":".*"}],
  "exchanges": [{"name":"orders","vhost":"shop","type":"topic","durable":true,"auto_delete":false,
                 "internal":false,"arguments":{}},
                {"name":"amq.rabbitmq.log","vhost":"shop","type":"topic"}],
  "queues": [{"name":"new","vhost":"shop","type":"classic","durable":true,"auto_delete":false,
              "arguments":{"x-message-ttl":5000}},
             {"name":"amq.gen-x","vhost":"shop"}],
  "bindings": [{"source":"orders","vhost":"shop","destination":"new","destination_type":"queue",
                "routing_key":"order.#","arguments":{"n":1}},
               {"source":"orders","vhost":"shop","destination":"amq.gen-x",
                "destination_type":"queue","routing_key":"","arguments":{}},
               {"source":"orders","vhost":"shop","destination":"amq.fanout",
                "destination_type":"exchange","routing_key":"x","arguments":{}}]})";

TEST_P(HttpApiDefinitionsTest, AFileOfRabbitMqMakesEverythingInIt) {
  const Answer answer = ask("POST", "/api/definitions", kFile);
  EXPECT_EQ(answer.status, 204u) << answer.text;
  EXPECT_EQ(get("/api/users/ann?columns=tags"), R"({"tags":["monitoring"]})");
  EXPECT_EQ(get("/api/permissions/shop/ann?columns=configure"), R"({"configure":"^a"})");
  EXPECT_EQ(get("/api/exchanges/shop/orders?columns=type,durable"),
            R"({"type":"topic","durable":true})");
  EXPECT_EQ(get("/api/queues/shop?columns=name,arguments"),
            R"([{"name":"new","arguments":{"x-message-ttl":5000}}])");
  EXPECT_EQ(get("/api/exchanges/shop/orders/bindings/source?columns=destination,routing_key"),
            R"([{"destination":"new","routing_key":"order.#"},)"
            R"({"destination":"amq.fanout","routing_key":"x"}])");
}

TEST_P(HttpApiDefinitionsTest, WhatIsExportedIsImportedAndTheSameAgain) {
  EXPECT_EQ(status("POST", "/api/definitions", kFile), 204u);
  json::value exported = ask("GET", "/api/definitions").body;
  // The rig's own hashes are none that anybody may import.
  json::array kept;
  for (const json::value& user : exported.at("users").get_array()) {
    if (user.at("name") != "guest") kept.push_back(user);
  }
  exported.as_object()["users"] = kept;
  EXPECT_EQ(status("DELETE", "/api/vhosts/shop"), 204u);
  EXPECT_EQ(status("DELETE", "/api/users/ann"), 204u);
  EXPECT_EQ(status("POST", "/api/definitions", serialize(exported)), 204u);
  json::value again = ask("GET", "/api/definitions").body;
  for (const char* section : {"vhosts", "permissions", "exchanges", "queues", "bindings"}) {
    EXPECT_EQ(again.at(section), exported.at(section)) << section;
  }
  EXPECT_EQ(again.at("users").at(0), exported.at("users").at(0));
}

TEST_P(HttpApiDefinitionsTest, WhatIsThereStays) {
  EXPECT_EQ(status("PUT", "/api/vhosts/shop"), 201u);
  EXPECT_EQ(status("PUT", "/api/queues/shop/new", R"({"durable":false})"), 201u);
  EXPECT_EQ(status("POST", "/api/definitions", kFile), 204u);
  EXPECT_EQ(get("/api/queues/shop/new?columns=durable"), R"({"durable":false})");
  EXPECT_EQ(status("POST", "/api/definitions", kFile), 204u);
}

TEST_P(HttpApiDefinitionsTest, AFileThatMakesNoSenseChangesNothing) {
  for (const char* file :
       {R"({"vhosts":[{"name":"new"}],"queues":[{"name":"q"}]})",
        R"({"vhosts":[{"name":"new"}],"queues":{}})", R"({"vhosts":[{"name":"new"}],"users":[7]})",
        R"({"vhosts":[{"name":"new"}],"users":[{"name":"u","tags":"","password_hash":"x"}]})",
        R"({"vhosts":[{"name":"new"}],"bindings":[{"source":"a","vhost":"/","destination":"b",
            "destination_type":"topic"}]})"}) {
    EXPECT_EQ(status("POST", "/api/definitions", file), 400u) << file;
  }
  EXPECT_EQ(status("GET", "/api/vhosts/new"), 404u);
}

TEST_P(HttpApiDefinitionsTest, AFailureNamesWhatFailed) {
  EXPECT_EQ(ask("POST", "/api/definitions", R"({"queues":[{"name":"a","vhost":"/"},{"name":"b"}]})")
                .body.at("reason"),
            "queues[1]: vhost is missing");
  const Answer answer =
      ask("POST", "/api/definitions",
          R"({"exchanges":[{"name":"x","vhost":"/","type":"x-delayed-message"}]})");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_NE(answer.text.find("exchange 'x' in vhost '/': unknown exchange type"), std::string::npos)
      << answer.text;
}

TEST_P(HttpApiDefinitionsTest, AFileOfWhichOnePartIsRefusedChangesNothing) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/there"), 201u);
  const std::string sound = R"("users":[{"name":"ann","tags":["monitoring"],
      "password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
      "hashing_algorithm":"rabbit_password_hashing_sha256"}],
      "vhosts":[{"name":"shop"}])";
  for (const std::string refused :
       {R"("exchanges":[{"name":"x","vhost":"shop","type":"x-delayed-message"}])",
        R"("queues":[{"name":"q","vhost":"shop","arguments":{"x-queue-type":"stream"}}])",
        R"("queues":[{"name":"q","vhost":"shop","arguments":{"x-message-ttl":"soon"}}])",
        R"("queues":[{"name":"q","vhost":"nowhere"}])",
        R"("permissions":[{"user":"bob","vhost":"shop","configure":"","write":"","read":""}])",
        R"("permissions":[{"user":"ann","vhost":"shop","configure":"[","write":"","read":""}])",
        R"("queues":[{"name":"q","vhost":"shop"}],"bindings":[{"source":"x","vhost":"shop",
            "destination":"q","destination_type":"queue"}])",
        R"("bindings":[{"source":"amq.direct","vhost":"shop","destination":"there",
            "destination_type":"queue"}])"}) {
    const Answer answer = ask("POST", "/api/definitions", "{" + sound + "," + refused + "}");
    EXPECT_TRUE(answer.status == 400 || answer.status == 404 || answer.status == 501)
        << answer.status << refused;
    EXPECT_EQ(status("GET", "/api/users/ann"), 404u) << refused;
    EXPECT_EQ(status("GET", "/api/vhosts/shop"), 404u) << refused;
  }
  const std::string whole =
      "{" + sound + R"(,"bindings":[{"source":"amq.direct","vhost":"/","destination":"there",
      "destination_type":"queue"},{"source":"amq.fanout","vhost":"shop",
      "destination":"amq.direct","destination_type":"exchange"}]})";
  EXPECT_EQ(ask("POST", "/api/definitions", whole).text, "");
  EXPECT_EQ(status("GET", "/api/bindings/%2F/e/amq.direct/q/there/~"), 200u);
}

TEST_P(HttpApiDefinitionsTest, WhatCannotBeHonouredIsTold) {
  const Answer answer = ask("POST", "/api/definitions",
                            R"({"policies":[{"name":"p"}],"topic_permissions":[],"queues":[]})");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.text, R"({"ignored":[{"section":"policies","count":1}]})");
}

TEST_P(HttpApiDefinitionsTest, AVhostsFileGoesIntoAnyVhostAndMakesNoUsers) {
  EXPECT_EQ(status("POST", "/api/definitions", kFile), 204u);
  json::value file = ask("GET", "/api/definitions/shop").body;
  EXPECT_FALSE(file.as_object().contains("users"));
  EXPECT_EQ(file.at("queues").at(0).get_object().contains("vhost"), false);
  file.as_object()["users"] = {{{"name", "root"}, {"tags", "administrator"}}};
  EXPECT_EQ(status("PUT", "/api/vhosts/other"), 201u);
  EXPECT_EQ(status("POST", "/api/definitions/other", serialize(file)), 204u);
  EXPECT_EQ(get("/api/queues/other?columns=name"), R"([{"name":"new"}])");
  EXPECT_EQ(status("GET", "/api/users/root"), 404u);
}

TEST_P(HttpApiDefinitionsTest, DefinitionsAreForAdministrators) {
  make_user("watcher", "monitoring", ".*");
  login("watcher", "secret");
  EXPECT_EQ(status("GET", "/api/definitions"), 403u);
  EXPECT_EQ(status("POST", "/api/definitions", "{}"), 403u);
  EXPECT_EQ(status("GET", "/api/definitions/%2F"), 403u);
}

}  // namespace
}  // namespace naru::admin
