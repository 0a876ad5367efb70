// What worries us: a long listing that keeps others out for ever, or holds what it does not need;
// one that shows half of a change, or is cut short and looks whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admin/test_support.h"
#include "admin/writing.h"

namespace naru::admin {
namespace {

class HttpApiListingsTest : public HttpApiTest {
 protected:
  static constexpr int kBindings = 4000;

  HttpApiListingsTest() {
    std::string queues;
    for (int i = 0; i < 10; ++i) {
      queues += (i == 0 ? "" : ",") +
                (R"({"vhost":"/","durable":true,"name":"q)" + std::to_string(i) + "\"}");
    }
    std::string bindings;
    for (int i = 0; i < kBindings; ++i) {
      bindings +=
          (i == 0 ? "" : ",") +
          (R"({"vhost":"/","source":"amq.topic","destination_type":"queue","destination":"q)" +
           std::to_string(i % 10) + R"(","routing_key":")" + key(i) + "\"}");
    }
    EXPECT_EQ(status("POST", "/api/definitions",
                     R"({"queues":[)" + queues + R"(],"bindings":[)" + bindings + "]}"),
              204u);
  }
  static std::string key(int number) { return "a.key.of.some.length." + std::to_string(number); }

  static std::set<std::string> keys(const json::value& bindings) {
    std::set<std::string> all;
    for (const json::value& each : bindings.as_array()) {
      if (each.at("source") == "amq.topic") all.emplace(each.at("routing_key").as_string());
    }
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiListingsTest, ::testing::Values(1, 2));

TEST_P(HttpApiListingsTest, ALongOneIsWholeHoweverItIsAskedFor) {
  for (const char* target : {"/api/bindings", "/api/bindings/%2F", "/api/bindings?sort=routing_key",
                             "/api/exchanges/%2F/amq.topic/bindings/source"}) {
    EXPECT_EQ(keys(ask("GET", target).body).size(), static_cast<std::size_t>(kBindings)) << target;
  }
  EXPECT_EQ(keys(ask("GET", "/api/definitions").body.at("bindings")).size(),
            static_cast<std::size_t>(kBindings));
  EXPECT_EQ(ask("GET", "/api/queues/%2F/q3/bindings").body.as_array().size(),
            std::size_t{kBindings / 10 + 1});
  EXPECT_EQ(api_.memory_bytes(), 0u) << "nothing is held when all was taken";
}

TEST_P(HttpApiListingsTest, ThePagesAreTheWhole) {
  std::set<std::string> all;
  for (int page = 1; page <= 9; ++page) {
    const json::value shown =
        ask("GET", "/api/bindings?page_size=500&page=" + std::to_string(page)).body;
    EXPECT_EQ(shown.at("total_count"), kBindings + 10);
    EXPECT_EQ(shown.at("page_count"), 9);
    all.merge(keys(shown.at("items")));
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kBindings));
  EXPECT_EQ(status("GET", "/api/bindings?page=10&page_size=500"), 400u);
  const json::value none = ask("GET", "/api/policies?page=1").body;
  EXPECT_EQ(none.at("total_count"), 0);
}

TEST_P(HttpApiListingsTest, OnlyWhatIsTakenIsWritten) {
  const auto asked = begin("/api/bindings");
  EXPECT_EQ(asked->status, 200u);
  EXPECT_GE(asked->text.size(), Writing::kPieceBytes);
  EXPECT_LT(asked->text.size(), Writing::kPieceBytes + 1000);
  ASSERT_NE(asked->more, nullptr);
  const std::size_t held = api_.memory_bytes();
  EXPECT_GT(held, 0u);
  EXPECT_LT(next_piece(asked->more).size(), Writing::kPieceBytes);
  EXPECT_LE(api_.memory_bytes(), held) << "no piece stays here";
}

TEST_P(HttpApiListingsTest, OneIsWrittenAtATimeAndWhatIsShortDoesNotWait) {
  const auto first = begin("/api/bindings");
  const auto second = begin("/api/definitions");
  const auto third = begin("/api/bindings?sort=routing_key");
  EXPECT_EQ(second->status, 0u);
  // Others do not wait for them.
  EXPECT_EQ(ask("GET", "/api/bindings?page=3").body.at("item_count"), 100);
  for (const char* target : {"/api/queues", "/api/exchanges", "/api/users", "/api/vhosts",
                             "/api/connections", "/api/queues/%2F/q1/bindings"}) {
    EXPECT_EQ(status("GET", target), 200u) << target;
  }
  take_rest(*first);
  rig_.settle();
  EXPECT_EQ(second->status, 200u);
  EXPECT_EQ(third->status, 0u);
  // Its peer goes in the middle.
  second->more = nullptr;
  rig_.settle();
  EXPECT_EQ(third->status, 200u);
  take_rest(*third);
  EXPECT_EQ(keys(json::parse(third->text)).size(), static_cast<std::size_t>(kBindings));
  EXPECT_EQ(api_.memory_bytes(), 0u);
}

// A console asks for one every few seconds, whoever takes something long meanwhile.
TEST_P(HttpApiListingsTest, APageDoesNotWaitWhateverItIsOf) {
  for (int i = 0; i <= 1000; ++i)
    ASSERT_EQ(status("PUT", "/api/queues/%2F/more" + std::to_string(i)), 201u);
  const auto first = begin("/api/bindings");
  const auto all = begin("/api/queues");
  EXPECT_EQ(all->status, 0u);
  const json::value page = ask("GET", "/api/queues?page=1&page_size=100&name=").body;
  EXPECT_EQ(page.at("item_count"), 100);
  const auto sorted = begin("/api/queues?page=1&page_size=100&sort=name");
  EXPECT_EQ(sorted->status, 0u) << "every one is rendered for its key";
  EXPECT_EQ(ask("GET", "/api/exchanges?page=1").body.at("page"), 1);
  // It is one piece, so that nothing is kept for who takes it slowly.
  const auto large = begin("/api/queues?page=1&page_size=500");
  EXPECT_GT(large->text.size(), Writing::kPieceBytes);
  EXPECT_EQ(large->more, nullptr);
  Line::Place taken;
  api_.connection_listings().enter(1,
                                   [&](Result<Line::Place> place) { taken = std::move(*place); });
  EXPECT_EQ(ask("GET", "/api/connections?page=1&page_size=100").body.at("item_count"), 0);
  EXPECT_EQ(ask("GET", "/api/channels?page=1").body.at("item_count"), 0);
  const auto connections = begin("/api/connections");
  EXPECT_EQ(connections->status, 0u);
  first->more = nullptr;
  rig_.settle();
  EXPECT_EQ(all->status, 200u);
  // Nobody has taken its rest, and there is room for another one beside it.
  EXPECT_NE(all->more, nullptr);
  EXPECT_EQ(begin("/api/queues")->status, 200u);
}

TEST_P(HttpApiListingsTest, WhoWaitsForTooLongIsToldSo) {
  const auto first = begin("/api/bindings");
  const auto second = begin("/api/bindings");
  Now later = rig_.shard(0).now();
  later.mono += std::chrono::seconds(30);
  EXPECT_LE(api_.next_deadline(), later.mono);
  api_.on_deadline(later);
  EXPECT_EQ(second->status, 503u);
  EXPECT_NE(second->text.find("few long answers are made at a time"), std::string::npos)
      << second->text;
  std::vector<std::shared_ptr<Asked>> many;
  for (int i = 0; i < 33; ++i) many.push_back(begin("/api/bindings"));
  EXPECT_EQ(many[31]->status, 0u);
  EXPECT_EQ(many[32]->status, 503u);
}

TEST_P(HttpApiListingsTest, WhatIsMadeAndDeletedMeanwhileLeavesTheRestWhole) {
  const auto asked = begin("/api/bindings");
  const auto waiting = begin("/api/definitions");
  // Of the last queue some were written, and none of the new one will be.
  EXPECT_EQ(status("DELETE", "/api/queues/%2F/q9"), 204u);
  EXPECT_EQ(status("PUT", "/api/queues/%2F/new"), 201u);
  take_rest(*asked);
  const std::set<std::string> seen = keys(json::parse(asked->text));
  EXPECT_LT(seen.size(), static_cast<std::size_t>(kBindings));
  for (int i = 0; i < kBindings; ++i) {
    EXPECT_TRUE(i % 10 == 9 || seen.contains(key(i))) << key(i);
  }
  rig_.settle();
  take_rest(*waiting);
  EXPECT_EQ(json::parse(waiting->text).at("bindings").as_array().size(),
            std::size_t{kBindings / 10 * 9});
}

// A file that names a binding and not its queue could not be imported.
TEST_P(HttpApiListingsTest, WhatAnExportedObjectNeedsIsInTheFile) {
  std::string queues;
  for (int i = 0; i < 4000; ++i) {
    queues += (i == 0 ? "" : ",") +
              (R"({"vhost":"/","durable":true,"name":"queue)" + std::to_string(i) + "\"}");
  }
  EXPECT_EQ(status("POST", "/api/definitions", R"({"queues":[)" + queues + "]}"), 204u);
  const auto asked = begin("/api/definitions");
  ASSERT_FALSE(asked->text.contains(R"("bindings")")) << "there is more to come than bindings";
  EXPECT_EQ(status("PUT", "/api/queues/%2F/a"), 201u);
  EXPECT_EQ(status("POST", "/api/bindings/%2F/e/amq.topic/q/a", R"({"routing_key":"x"})"), 201u);
  take_rest(*asked);
  const json::value file = json::parse(asked->text);
  EXPECT_EQ(file.at("queues").as_array().size(), 4010u);
  EXPECT_EQ(file.at("bindings").as_array().size(), static_cast<std::size_t>(kBindings));
}

TEST_P(HttpApiListingsTest, DefinitionsAreInOrder) {
  const json::value bindings = ask("GET", "/api/definitions/%2F").body.at("bindings");
  std::vector<std::pair<std::string, std::string>> order;
  for (const json::value& each : bindings.as_array()) {
    order.emplace_back(each.at("destination").as_string(), each.at("routing_key").as_string());
  }
  EXPECT_EQ(order.size(), static_cast<std::size_t>(kBindings));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

}  // namespace
}  // namespace naru::admin
