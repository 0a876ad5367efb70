// What worries us: an answer about one object that costs as much as all of its kind; and one that
// shows what the caller may not see.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "admin/broker_status.h"
#include "admin/test_support.h"
#include "admin/writing.h"

namespace naru::admin {
namespace {

class HttpApiConsumersTest : public HttpApiTest {
 protected:
  static constexpr std::uint32_t kMany = 1500;
  static constexpr std::uint32_t kSome = 900;

  HttpApiConsumersTest() {
    EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
    EXPECT_EQ(status("PUT", "/api/queues/%2F/other"), 201u);
  }
  /// What is collected for an answer.
  BrokerStatus collect(Wanted wanted) {
    BrokerStatus collected;
    collect_status(rig_.shard(0), connections_, std::move(wanted),
                   [&](BrokerStatus status) { collected = std::move(status); });
    rig_.settle();
    return collected;
  }
  core::QueueId id_of(const std::string& queue) {
    const core::Catalog& catalog = rig_.shard(0).catalog();
    return catalog.find_queue(*catalog.find_tenant("/"), queue)->ref.id;
  }

  Host host_;
};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiConsumersTest, ::testing::Values(1, 2));

TEST_P(HttpApiConsumersTest, TheyAreShownWithTheirConnection) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", 1);
  const json::value consumers = ask("GET", "/api/consumers/%2F").body;
  ASSERT_EQ(consumers.get_array().size(), 1u);
  EXPECT_EQ(consumers.at(0).at("consumer_tag"), "q-1");
  EXPECT_EQ(consumers.at(0).at("prefetch_count"), 7);
  EXPECT_EQ(consumers.at(0).at("channel_details").at("name"),
            "127.0.0.1:40000 -> 127.0.0.1:5672 (1)");
  const json::value queue = ask("GET", "/api/queues/%2F/q").body;
  EXPECT_EQ(queue.at("consumers"), 1);
  EXPECT_EQ(queue.at("consumer_details"), consumers);
  EXPECT_EQ(ask("GET", "/api/overview").body.at("object_totals").at("consumers"), 1);
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/q?if-unused=true"), 409u);
}

TEST_P(HttpApiConsumersTest, AQueueShowsItsOwnAndOnlyWhenTheyAreWanted) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", 2);
  consume(*client, "other", 3);
  EXPECT_EQ(ask("GET", "/api/queues/%2F/q").body.at("consumer_details").get_array().size(), 2u);
  EXPECT_EQ(get("/api/queues/%2F/q?columns=name,consumers"), R"({"name":"q","consumers":2})");
  const json::value tags =
      ask("GET", "/api/queues/%2F/q?columns=consumer_details.consumer_tag").body;
  ASSERT_EQ(tags.at("consumer_details").get_array().size(), 2u);
  for (const json::value& each : tags.at("consumer_details").get_array()) {
    EXPECT_EQ(each.get_object().size(), 1u);
    EXPECT_TRUE(each.at("consumer_tag").is_string());
  }
  EXPECT_EQ(get("/api/queues/%2F/q?columns=consumer_details.queue.name,name,consumer_details.none"),
            R"({"name":"q","consumer_details":[{"queue":{"name":"q"}},{"queue":{"name":"q"}}]})");
  EXPECT_EQ(get("/api/queues/%2F/q?columns=consumer_detail,consumer_details_"), "{}");
  EXPECT_EQ(get("/api/queues/%2F/q?columns=consumer_details.consumer_tag,consumer_details"),
            get("/api/queues/%2F/q?columns=consumer_details"))
      << "all of it";
  const json::value only = ask("GET", "/api/queues/%2F/q?columns=consumer_details").body;
  EXPECT_EQ(only.get_object().size(), 1u);
  EXPECT_EQ(only.at("consumer_details").get_array().size(), 2u);
}

TEST_P(HttpApiConsumersTest, APageOfQueuesHasTheFiguresOfItsQueues) {
  const auto client = connect(host_, "guest");
  consume(*client, "other", 1);
  consume(*client, "q", 2);
  for (const auto& [page, items] : {std::pair{"1", R"([{"name":"other","consumers":1}])"},
                                    {"2", R"([{"name":"q","consumers":2}])"}}) {
    const json::value shown =
        ask("GET", std::string("/api/queues?page_size=1&columns=name,consumers&page=") + page).body;
    EXPECT_EQ(serialize(shown.at("items")), items);
    EXPECT_EQ(shown.at("total_count"), 2);
  }
  EXPECT_EQ(status("GET", "/api/queues?page_size=1&page=3"), 400u);
}

TEST_P(HttpApiConsumersTest, AnExclusiveQueueNamesItsOwner) {
  const auto client = connect(host_, "guest");
  const auto bystander = connect(host_, "guest");
  client->assume({"guest", "administrator"}, rig_.shard(0).catalog().find_tenant("/"));
  core::DeclareQueue declare;
  declare.name = "mine";
  declare.exclusive = true;
  core::Command command =
      std::make_unique<core::Request>(core::Request{core::RequestId(1), std::move(declare)});
  client->submit({&command, 1});
  rig_.settle();
  const std::string name = "127.0.0.1:40000 -> 127.0.0.1:5672";
  for (const char* target : {"/api/queues/%2F/mine",
                             "/api/queues/%2F/mine?columns=exclusive,"
                             "owner_pid_details"}) {
    EXPECT_EQ(ask("GET", target).body.at("owner_pid_details").at("name").as_string(), name)
        << target;
  }
  EXPECT_TRUE(get("/api/queues?columns=owner_pid_details").contains(name));
}

// They are short, and made of copies: of all connections, or of so many consumers.
TEST_P(HttpApiConsumersTest, ViewsWaitForViewsOnly) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", kSome);
  consume(*client, "other", 1);
  Line::Place taken;
  api_.connection_views().enter(1, [&](Result<Line::Place> place) { taken = std::move(*place); });
  const auto page = begin("/api/connections?page=1");
  const auto queue = begin("/api/queues/%2F/q");
  EXPECT_EQ(page->status, 0u);
  EXPECT_EQ(queue->status, 0u);
  for (const char* target : {"/api/consumers", "/api/connections", "/api/queues?page=1",
                             "/api/queues/%2F/other", "/api/queues/%2F/q?columns=consumers"}) {
    EXPECT_EQ(status("GET", target), 200u) << target;
  }
  taken = {};
  rig_.settle();
  EXPECT_EQ(json::parse(page->text).at("item_count"), 1);
  EXPECT_EQ(json::parse(queue->text).at("consumer_details").get_array().size(), kSome);
  EXPECT_GT(queue->text.size(), Writing::kPieceBytes);
  EXPECT_EQ(queue->more, nullptr) << "its client keeps nobody waiting";
  EXPECT_EQ(api_.memory_bytes(), 0u);
}

// Long arguments make few consumers long.
TEST_P(HttpApiConsumersTest, TheirArgumentsCount) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", 3, {{"x-long", std::string(400'000, 'x')}});
  Line::Place taken;
  api_.connection_listings().enter(1,
                                   [&](Result<Line::Place> place) { taken = std::move(*place); });
  const auto asked = begin("/api/queues/%2F/q");
  EXPECT_EQ(asked->status, 0u);
  taken = {};
  rig_.settle();
  take_rest(*asked);
  EXPECT_EQ(json::parse(asked->text).at("consumer_details").get_array().size(), 3u);
}

TEST_P(HttpApiConsumersTest, ManyAreAnsweredInPiecesWhenItIsTheirTurn) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", kMany);
  consume(*client, "other", 1);
  Line::Place taken;
  api_.connection_listings().enter(1,
                                   [&](Result<Line::Place> place) { taken = std::move(*place); });
  const auto asked = begin("/api/queues/%2F/q?page=1");
  EXPECT_EQ(asked->status, 0u) << "an object has no pages";
  for (const char* target : {"/api/queues/%2F/q?columns=consumers", "/api/queues/%2F/other",
                             "/api/queues/%2F/q/bindings"}) {
    EXPECT_EQ(status("GET", target), 200u) << target;
  }
  taken = {};
  rig_.settle();
  ASSERT_EQ(asked->status, 200u);
  EXPECT_LT(asked->text.size(), Writing::kPieceBytes + 1000);
  EXPECT_NE(asked->more, nullptr);
  EXPECT_GT(api_.memory_bytes(), kMany * sizeof(ConsumerStatus));
  take_rest(*asked);
  const json::value queue = json::parse(asked->text);
  EXPECT_EQ(queue.at("name"), "q");
  EXPECT_EQ(queue.at("consumer_details").get_array().size(), kMany);
  EXPECT_EQ(queue.at("consumer_details").at(kMany - 1).at("queue").at("name"), "q");
  rig_.settle();
  EXPECT_EQ(api_.memory_bytes(), 0u);
  EXPECT_EQ(begin("/api/queues/%2F/q")->status, 200u) << "the place is free again";
}

TEST_P(HttpApiConsumersTest, AQueueThatIsDeletedWhileItsAnswerWaitsIsNotFound) {
  const auto client = connect(host_, "guest");
  consume(*client, "q", kMany);
  Line::Place taken;
  api_.connection_listings().enter(1,
                                   [&](Result<Line::Place> place) { taken = std::move(*place); });
  const auto asked = begin("/api/queues/%2F/q");
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/q"), 204u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q"), 201u);
  taken = {};
  rig_.settle();
  EXPECT_EQ(asked->status, 404u);
}

// A copy of what nobody asked for is what used to cost hundreds of megabytes.
TEST_P(HttpApiConsumersTest, NothingIsCollectedThatIsNotWanted) {
  const auto first = connect(host_, "guest");
  const auto second = connect(host_, "keeper");
  consume(*first, "q", 2);
  consume(*second, "other", 3);
  const BrokerStatus of_queue =
      collect({.queues = the_queue(id_of("q")), .consumers_of = the_queue(id_of("q"))});
  EXPECT_EQ(of_queue.queues.size(), 1u);
  EXPECT_EQ(of_queue.stats_of(id_of("q")).consumers, 2u);
  EXPECT_EQ(of_queue.consumers.size(), 2u);
  EXPECT_EQ(of_queue.connections.size(), 0u);
  ASSERT_EQ(of_queue.names.size(), 1u);
  EXPECT_EQ(of_queue.names[0].id, first->id());
  EXPECT_EQ(collect({.queues = queues_among({id_of("q"), id_of("other")})}).queues.size(), 2u);
  EXPECT_EQ(collect({.queues = queues_among({id_of("other")})}).queues.size(), 1u);
  const BrokerStatus one =
      collect({.connections = [](const ConnectionStatus& each) { return each.user == "keeper"; }});
  ASSERT_EQ(one.connections.size(), 1u);
  EXPECT_EQ(one.connections[0].id, second->id());
  EXPECT_EQ(one.consumers.size() + one.queues.size() + one.names.size(), 0u);
  const BrokerStatus counted = collect({.consumers_of = any_queue,
                                        .connections = any_connection,
                                        .only_counts = true,
                                        .tenants = true});
  EXPECT_EQ(counted.counts.connections, 2u);
  EXPECT_EQ(counted.counts.consumers, 5u);
  EXPECT_EQ(counted.stats_of(*rig_.shard(0).catalog().find_tenant("/")).consumers, 5u);
  EXPECT_EQ(counted.consumers.size() + counted.connections.size() + counted.names.size(), 0u);
}

TEST_P(HttpApiConsumersTest, AUserCountsItsOwnConnectionsAndWhatItSees) {
  const auto first = connect(host_, "guest");
  const auto second = connect(host_, "keeper");
  consume(*first, "q", 2);
  make_user("keeper", "management", ".*");
  make_user("stranger", "management");
  const auto totals = [this](const std::string& user) {
    login(user, user == "guest" ? "guest" : "secret");
    const json::value all = ask("GET", "/api/overview").body.at("object_totals");
    return serialize(json::array{all.at("connections"), all.at("channels"), all.at("consumers")});
  };
  EXPECT_EQ(totals("guest"), "[2,2,2]");
  EXPECT_EQ(totals("keeper"), "[1,1,2]");
  EXPECT_EQ(totals("stranger"), "[0,0,0]");
  EXPECT_EQ(get("/api/consumers"), "[]");
}

TEST_P(HttpApiConsumersTest, AUserSeesItsOwnConsumersOnly) {
  const auto first = connect(host_, "guest");
  const auto second = connect(host_, "keeper");
  consume(*first, "q", 2);
  consume(*second, "q", 3);
  make_user("keeper", "management", ".*");
  make_user("watcher", "monitoring", ".*");
  const auto seen = [this](const std::string& user) {
    login(user, "secret");
    return ask("GET", "/api/consumers").body.as_array().size();
  };
  EXPECT_EQ(seen("keeper"), 3u);
  EXPECT_EQ(seen("watcher"), 5u);
}

TEST_P(HttpApiConsumersTest, AChannelIsFoundByItsName) {
  const auto first = connect(host_, "guest");
  const auto second = connect(host_, "keeper");
  connections_.all[1].channels.push_back({.number = 12});
  make_user("keeper", "management", ".*");
  const auto path = [](const std::string& connection, int channel) {
    return "/api/channels/127.0.0.1:" + connection + "%20-%3E%20127.0.0.1:5672%20(" +
           std::to_string(channel) + ")";
  };
  EXPECT_EQ(ask("GET", path("40001", 12)).body.at("number"), 12);
  EXPECT_EQ(ask("GET", path("40000", 1)).body.at("user"), "guest");
  EXPECT_EQ(status("GET", path("40000", 12)), 404u);
  EXPECT_EQ(status("GET", "/api/channels/127.0.0.1:40000%20-%3E%20127.0.0.1:5672"), 404u);
  login("keeper", "secret");
  EXPECT_EQ(status("GET", path("40000", 1)), 404u) << "somebody else's";
  EXPECT_EQ(ask("GET", path("40001", 1)).body.at("user"), "keeper");
}

}  // namespace
}  // namespace naru::admin
