// What worries us: messages that are lost or doubled by looking at them, and a door past the
// permissions.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "admin/base64.h"
#include "admin/test_support.h"

namespace naru::admin {
namespace {

class HttpApiMessagesTest : public HttpApiTest {
 protected:
  HttpApiMessagesTest() { EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u); }
  Answer publish(std::string body) {
    return ask("POST", "/api/exchanges/%2F/amq.default/publish", std::move(body));
  }
  Answer take(const std::string& mode, int count = 1) {
    return ask("POST", "/api/queues/%2F/q/get", wanted(mode, count));
  }
  static std::string wanted(const std::string& mode, int count) {
    return R"({"count":)" + std::to_string(count) + R"(,"encoding":"auto","ackmode":")" + mode +
           "\"}";
  }
  std::int64_t ready() {
    return ask("GET", "/api/queues/%2F/q").body.at("messages_ready").as_int64();
  }
};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiMessagesTest, ::testing::Values(1, 2));

TEST_P(HttpApiMessagesTest, AMessageIsPublishedAndGot) {
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"hi","properties":{"type":"t"}})").text,
            R"({"routed":true})");
  EXPECT_EQ(take("ack_requeue_false", 5).text,
            R"([{"payload_bytes":2,"redelivered":false,"exchange":"","routing_key":"q",)"
            R"("message_count":0,"properties":{"type":"t"},"payload":"hi",)"
            R"("payload_encoding":"string"}])");
  EXPECT_EQ(take("ack_requeue_false").text, "[]");
}

TEST_P(HttpApiMessagesTest, WhatReachesNoQueueIsToldAndTheNextOneIsNoWorse) {
  EXPECT_EQ(publish(R"({"routing_key":"nowhere","payload":"x"})").text, R"({"routed":false})");
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"x"})").text, R"({"routed":true})");
  EXPECT_EQ(
      status("POST", "/api/exchanges/%2F/nowhere/publish", R"({"routing_key":"q","payload":"x"})"),
      404u);
}

// Of many who ask at once.
TEST_P(HttpApiMessagesTest, OneBodyIsParsedAtATimeAndCounted) {
  constexpr std::size_t kValues = 10'000;
  std::string body = R"({"routing_key":"q","payload":"x","properties":{"headers":{"l":[0)";
  for (std::size_t i = 1; i < kValues; ++i) body += ",0";
  body += "]}}}";
  std::size_t most = 0;
  std::size_t written = 0;
  messages_.on_write = [&] {
    most = std::max(most, api_.memory_bytes());
    ++written;
  };
  std::vector<unsigned> answers;
  for (int i = 0; i < 12; ++i) {
    api_.on_request(
        {.method = "POST",
         .target = "/api/exchanges/%2F/amq.default/publish",
         .headers = {{"Authorization", format_basic_auth("guest", "guest")}},
         .body = body,
         .peer = {"127.0.0.1", 4711}},
        io::HttpResponder([&](io::HttpResponse response) { answers.push_back(response.status); }));
  }
  rig_.settle();
  EXPECT_EQ(answers, std::vector<unsigned>(12, 200));
  EXPECT_EQ(written, 12u);
  EXPECT_GE(most, kValues * sizeof(json::value));
  EXPECT_LT(most, 2 * kValues * sizeof(json::value));
  EXPECT_EQ(api_.memory_bytes(), 0u);
}

TEST_P(HttpApiMessagesTest, ABodyThatBecomesTooLargeIsRefused) {
  std::string body = R"({"routing_key":"q","payload":"x","properties":{"headers":{"l":[0)";
  for (int i = 0; i < 500'000; ++i) body += ",0";
  const Answer refused = publish(body + "]}}}");
  EXPECT_EQ(refused.status, 413u);
  EXPECT_EQ(refused.text,
            R"({"error":"bad_request","reason":"the body has too many values: parsed it takes )"
            R"(more than 4194304 bytes; send it in parts"})");
  EXPECT_EQ(api_.memory_bytes(), 0u);
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"x"})").status, 200u);
}

TEST_P(HttpApiMessagesTest, WhatWasGotIsCounted) {
  for (int i = 0; i < 3; ++i) publish(R"({"routing_key":"q","payload":"x"})");
  take("ack_requeue_false", 2);
  take("ack_requeue_true");
  take("ack_requeue_false", 5);
  const json::value stats = ask("GET", "/api/overview").body.at("message_stats");
  EXPECT_EQ(stats.at("get"), 1);
  EXPECT_EQ(stats.at("get_no_ack"), 3);
  EXPECT_EQ(stats.at("get_empty"), 1);
  EXPECT_EQ(stats.at("deliver_get"), 4);
  const std::string metrics = get("/metrics");
  const std::string labels = R"({protocol="amqp091",queue_type="rabbit_classic_queue"} )";
  for (const std::string& line :
       {"delivered_total" + labels + "4", "delivered_get_manual_ack_total" + labels + "1",
        "delivered_get_auto_ack_total" + labels + "3", "get_empty_total" + labels + "1"}) {
    EXPECT_NE(metrics.find("\nrabbitmq_global_messages_" + line + "\n"), std::string::npos) << line;
  }
}

// Queues of a connection's own shard and of another one.
TEST_P(HttpApiMessagesTest, WhatAPublishAsksForHoldsOnEveryShard) {
  for (int i = 0; i < 16; ++i) {
    const std::string name = "level" + std::to_string(i);
    EXPECT_EQ(status("PUT", "/api/queues/%2F/" + name, R"({"durable":true})"), 201u);
    for (const std::string level : {"memory", "interval", "fsync"}) {
      publish(R"({"routing_key":")" + name + R"(","payload":"x","properties":)" +
              R"({"delivery_mode":2,"headers":{"x-durability":")" + level + R"("}}})");
    }
  }
  const std::string metrics = get("/metrics");
  for (const std::string level : {"memory", "interval", "fsync"}) {
    EXPECT_NE(
        metrics.find("\nnaru_queue_messages_enqueued_total{durability=\"" + level + "\"} 16\n"),
        std::string::npos)
        << level;
  }
}

TEST_P(HttpApiMessagesTest, AnAnswerHasAShareOfMemoryAndSaysWhenItIsFull) {
  for (int i = 0; i < 8; ++i) {
    publish(R"({"routing_key":"q","payload":")" + std::string(300'000, 'x') + "\"}");
  }
  const auto reason = [](const Answer& answer) {
    return io::find_header(answer.headers, "x-reason");
  };
  const Answer full = take("ack_requeue_false", 8);
  EXPECT_EQ(full.body.as_array().size(), 4u) << "the fourth of them fills 1 MiB";
  EXPECT_EQ(reason(full), "an answer is full at 1048576 bytes: ask again for what is left");
  EXPECT_EQ(ready(), 4);
  EXPECT_EQ(reason(take("ack_requeue_true", 3)), "") << "that is what was asked for";
  EXPECT_EQ(ready(), 4);
}

TEST_P(HttpApiMessagesTest, WhoReadsSlowlyKeepsOthersForALittleWhile) {
  for (int i = 0; i < 4; ++i) {
    publish(R"({"routing_key":"q","payload":")" + std::string(600'000, 'x') + "\"}");
  }
  const auto get = [this] {
    return begin("/api/queues/%2F/q/get", "POST", wanted("ack_requeue_true", 4));  // two fill it
  };
  const auto count = [](const Asked& answer) { return json::parse(answer.text).as_array().size(); };
  const auto slow = get();
  EXPECT_EQ(slow->status, 200u);
  ASSERT_NE(slow->more, nullptr);
  const auto second = get();
  const auto third = get();
  EXPECT_EQ(second->status, 0u) << "it is made, and has no room on its way";
  rig_.advance(std::chrono::seconds(3));
  api_.on_deadline(rig_.shard(0).now());
  rig_.settle();
  EXPECT_EQ(second->status, 200u);
  EXPECT_EQ(second->more, nullptr) << "all at once";
  EXPECT_EQ(count(*second), 2u);
  EXPECT_EQ(third->status, 0u);
  take_rest(*slow);
  rig_.settle();
  EXPECT_EQ(count(*slow), 2u);
  EXPECT_EQ(third->status, 200u);
  ASSERT_NE(third->more, nullptr) << "as it is taken";
  take_rest(*third);
  EXPECT_EQ(count(*third), 2u);
  EXPECT_EQ(api_.memory_bytes(), 0u);
  EXPECT_EQ(ready(), 4);
}

TEST_P(HttpApiMessagesTest, ALongBodyIsTheSameInAnswersOfManyPieces) {
  std::string text;
  while (text.size() < 400'000) text += "a\xe2\x82\xac\"\n";
  for (const bool as_text : {true, false}) {
    publish(serialize(json::object{{"routing_key", "q"}, {"payload", text}}));
    const json::value got =
        ask("POST", "/api/queues/%2F/q/get",
            std::string(R"({"count":1,"ackmode":"ack_requeue_false","encoding":")") +
                (as_text ? "auto" : "base64") + "\"}")
            .body.at(0);
    EXPECT_EQ(got.at("payload_encoding"), as_text ? "string" : "base64");
    const std::string payload(got.at("payload").as_string());
    EXPECT_EQ(as_text ? payload : decode_base64(payload), text);
  }
}

TEST_P(HttpApiMessagesTest, ATextThatWouldOutgrowTheAnswerComesAsBase64) {
  const std::string body(300'000, '\x01');
  publish(serialize(json::object{{"routing_key", "q"}, {"payload", body}}));
  const json::value got = take("ack_requeue_false").body.at(0);
  EXPECT_EQ(got.at("payload_encoding"), "base64");
  EXPECT_EQ(decode_base64(std::string(got.at("payload").as_string())), body);
}

TEST_P(HttpApiMessagesTest, BytesTravelAsBase64) {
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"/w==","payload_encoding":"base64"})").status,
            200u);
  const json::value got = take("ack_requeue_false").body.at(0);
  EXPECT_EQ(got.at("payload"), "/w==");
  EXPECT_EQ(got.at("payload_encoding"), "base64");
}

TEST_P(HttpApiMessagesTest, TheAckmodeSaysWhatBecomesOfThem) {
  for (int i = 0; i < 3; ++i) publish(R"({"routing_key":"q","payload":"x"})");
  EXPECT_EQ(take("ack_requeue_true", 9).body.get_array().size(), 3u);
  EXPECT_EQ(ready(), 3);
  EXPECT_EQ(take("reject_requeue_true", 2).body.at(0).at("redelivered"), true);
  EXPECT_EQ(ready(), 3);
  EXPECT_EQ(take("reject_requeue_false", 2).body.get_array().size(), 2u);
  EXPECT_EQ(ready(), 1);
  EXPECT_EQ(take("ack_requeue_false", 9).body.get_array().size(), 1u);
  EXPECT_EQ(ready(), 0);
}

TEST_P(HttpApiMessagesTest, PermissionsHoldAsTheyDoForSessions) {
  publish(R"({"routing_key":"q","payload":"x"})");
  make_user("keeper", "management", "^mine");
  login("keeper", "secret");
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"x"})").status, 403u);
  EXPECT_EQ(take("ack_requeue_false").status, 403u);
  login("guest", "guest");
  EXPECT_EQ(publish(R"({"routing_key":"q","payload":"x"})").status, 200u);
  EXPECT_EQ(ready(), 2);
}

TEST_P(HttpApiMessagesTest, RequestsThatMakeNoSenseAreRefused) {
  for (const char* body :
       {R"({"payload":"x"})", R"({"routing_key":"q"})",
        R"({"routing_key":"q","payload":"?","payload_encoding":"base64"})",
        R"({"routing_key":"q","payload":"x","payload_encoding":"hex"})",
        R"({"routing_key":"q","payload":"x","properties":{"user_id":"somebody"}})",
        R"({"routing_key":"q","payload":"x","properties":{"reply_to":"amq.rabbitmq.reply-to"}})"}) {
    EXPECT_EQ(publish(body).status, 400u) << body;
  }
  EXPECT_EQ(publish(R"({"payload":"x","routing_key":")" + std::string(256, 'k') + "\"}").status,
            400u);
  EXPECT_EQ(take("maybe").status, 400u);
  EXPECT_EQ(take("ack_requeue_true", -1).status, 400u);
  EXPECT_EQ(
      status("POST", "/api/queues/%2F/nowhere/get", R"({"count":1,"ackmode":"ack_requeue_true"})"),
      404u);
}

TEST_P(HttpApiMessagesTest, PagesOfAnIndexAndDamagedMessagesAreFigures) {
  const auto figure = [this](const std::string& name) {
    rig_.advance(std::chrono::seconds(1));
    const std::string text = ask("GET", "/metrics").text;
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size() + 2));
  };
  EXPECT_EQ(figure("naru_index_pages"), 0);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/long", R"({"durable":true})"), 201u);
  for (int i = 0; i < 100; ++i) {
    publish(R"({"routing_key":"long","payload":"x","properties":{"delivery_mode":2}})");
  }
  EXPECT_GT(figure("naru_index_pages"), 0);
  EXPECT_GT(figure("naru_index_pages_out"), 0);
  EXPECT_LE(figure("naru_index_pages_out"), figure("naru_index_pages"));
  EXPECT_EQ(figure("naru_queue_messages_damaged"), 0);
  EXPECT_EQ(ask("GET", "/api/queues/%2F/long").body.at("messages_damaged"), 0);
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/long/contents"), 204u);
  EXPECT_EQ(figure("naru_index_pages"), 0);
}

}  // namespace
}  // namespace naru::admin
