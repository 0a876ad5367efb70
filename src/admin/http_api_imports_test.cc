// What worries us: an import that takes as much memory as all that it makes, many of them at once,
// and one that was refused and made something.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/definitions_import.h"
#include "admin/test_support.h"

namespace naru::admin {
namespace {

class HttpApiImportsTest : public HttpApiTest {
 protected:
  /// {"queues":[{"name":"a0"},…]}
  static std::string entries(std::string_view section, std::size_t count,
                             const std::function<std::string(std::size_t)>& entry) {
    std::string file = fmt::format(R"({{"{}":[)", section);
    for (std::size_t i = 0; i < count; ++i) file += (i == 0 ? "" : ",") + entry(i);
    return file + "]}";
  }
  static std::string queues(std::string_view prefix, std::size_t count,
                            std::string_view rest = "") {
    return entries("queues", count, [&](std::size_t i) {
      return fmt::format(R"({{"name":"{}{}"{}}})", prefix, i, rest);
    });
  }

  struct Asked {
    unsigned status = 0;
    std::string text;
    bool wanted = true;
  };
  /// Asks, and lets nothing happen yet.
  std::shared_ptr<Asked> post(std::string body) {
    return start("POST", "/api/definitions/%2F", std::move(body));
  }
  std::shared_ptr<Asked> start(std::string method, std::string target, std::string body = {}) {
    auto asked = std::make_shared<Asked>();
    api_.on_request({.method = std::move(method),
                     .target = std::move(target),
                     .headers = {{"Authorization", format_basic_auth("guest", "guest")}},
                     .body = std::move(body),
                     .peer = {"127.0.0.1", 4711}},
                    io::HttpResponder(
                        [asked](io::HttpResponse response) {
                          asked->status = response.status;
                          asked->text = std::move(response.body);
                        },
                        [asked] { return asked->wanted; }));
    return asked;
  }
  std::size_t queue_count() {
    std::size_t count = 0;
    rig_.shard(0).catalog().each_queue([&](const core::QueueInfo&) { ++count; });
    return count;
  }
  void until(const std::function<bool()>& done) {
    for (int turns = 0; turns < 100'000 && !done(); ++turns) rig_.step();
    EXPECT_TRUE(done());
  }
};

INSTANTIATE_TEST_SUITE_P(Shards, HttpApiImportsTest, ::testing::Values(1, 2));

TEST_P(HttpApiImportsTest, FewChangesAreUnderWayAtATime) {
  constexpr std::size_t kQueues = 5 * kChangesTogether + 7;
  for (const std::string_view rest : {"", R"(,"durable":false)"}) {
    const auto asked = post(queues(rest.empty() ? "a" : "b", kQueues, rest));
    const std::size_t before = queue_count();
    std::size_t there = before;
    std::size_t together = 0;
    std::size_t most_bytes = 0;
    until([&] {
      const std::size_t now = queue_count();
      together = std::max(together, now - there);
      there = now;
      most_bytes = std::max(most_bytes, api_.memory_bytes());
      return asked->status != 0;
    });
    EXPECT_EQ(asked->status, 204u) << asked->text;
    EXPECT_EQ(there - before, kQueues);
    EXPECT_LE(together, kChangesTogether);
    // All is counted: the JSON, 24 bytes and a member for each, and what is under way.
    EXPECT_GT(most_bytes, kQueues * 64);
    EXPECT_LT(most_bytes, kQueues * 192 + 2 * kChangesTogetherBytes);
    rig_.settle();
    EXPECT_EQ(api_.memory_bytes(), 0u);
  }
}

TEST_P(HttpApiImportsTest, LargeOnesAreFewerAtATime) {
  std::string arguments = R"(,"arguments":{"x":[0)";
  for (int i = 0; i < 1000; ++i) arguments += ",0";
  const auto asked = post(queues("a", 50, arguments + "]}"));
  std::size_t there = 0;
  std::size_t together = 0;
  until([&] {
    const std::size_t now = queue_count();
    together = std::max(together, now - there);
    there = now;
    return asked->status != 0;
  });
  EXPECT_EQ(asked->status, 204u) << asked->text;
  EXPECT_EQ(there, 50u);
  EXPECT_LT(together, 25u);
}

TEST_P(HttpApiImportsTest, PatternsAreCheckedInTurns) {
  const core::Catalog& catalog = rig_.shard(0).catalog();
  const auto turns_before_a_change = [&](const std::function<std::string(std::size_t)>& pattern) {
    const auto asked = start(
        "POST", "/api/definitions", entries("permissions", 60, [&](std::size_t i) {
          return fmt::format(
              R"({{"user":"guest","vhost":"/","configure":"{0}","write":"{0}","read":"{0}"}})",
              pattern(i));
        }));
    int turns = 0;
    const std::uint64_t before = catalog.version();
    until([&] { return catalog.version() != before || asked->status != 0 || ++turns == 10'000; });
    until([&] { return asked->status != 0; });
    EXPECT_EQ(asked->status, 204u) << asked->text;
    return turns;
  };
  const int few = turns_before_a_change([](std::size_t) { return "^x"; });
  const int equal = turns_before_a_change([](std::size_t) { return R"(\\pL{4})"; });
  EXPECT_LT(equal, few + 30) << "equal ones are one";
  // Of those that are as dear as patterns may be there is no more than one in a turn.
  const int different =
      turns_before_a_change([](std::size_t i) { return fmt::format(R"(\\pL{{4}}{})", i); });
  EXPECT_GE(different, few + 59);
}

TEST_P(HttpApiImportsTest, IsDecidedInTurns) {
  const core::Catalog& catalog = rig_.shard(0).catalog();
  const auto turns_before_a_change = [&](std::string body, unsigned status) {
    const auto asked = post(std::move(body));
    int turns = 0;
    const std::uint64_t before = catalog.version();
    until([&] { return catalog.version() != before || asked->status != 0 || ++turns == 10'000; });
    until([&] { return asked->status != 0; });
    EXPECT_EQ(asked->status, status) << asked->text;
    rig_.settle();
    EXPECT_EQ(api_.memory_bytes(), 0u);
    return turns;
  };
  constexpr std::size_t kQueues = 20'000;
  const int few = turns_before_a_change(queues("few", 10), 204);
  const int many = turns_before_a_change(queues("many", kQueues), 204);
  EXPECT_GE(many, few + static_cast<int>(kQueues / 256) - 1);
  // What is there is looked at, too; a refusal at the end has changed nothing.
  const int again =
      turns_before_a_change(queues("many", kQueues)
                                .substr(0, queues("many", kQueues).size() - 1)
                                .append(R"(,"bindings":[{"source":"none","destination":"many1",)"
                                        R"("destination_type":"queue"}]})"),
                            404);
  EXPECT_GE(again, static_cast<int>(kQueues / 256) - 1);
  // A few large ones are as much as many small ones.
  std::string arguments = R"(,"arguments":{"x":[0)";
  for (int i = 0; i < 1000; ++i) arguments += ",0";
  EXPECT_GE(turns_before_a_change(queues("large", 100, arguments + "]}"), 204), few + 9);
}

TEST_P(HttpApiImportsTest, OthersGoOnWhileItIsDecided) {
  const auto asked = post(queues("q", 20'000));
  for (int turns = 0; turns < 20; ++turns) rig_.step();
  ASSERT_EQ(queue_count(), 0u) << "it is decided still";
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q7", R"({"durable":true})"), 201u);
  EXPECT_EQ(status("PUT", "/api/vhosts/other", {}), 201u);
  until([&] { return asked->status != 0; });
  EXPECT_EQ(asked->status, 204u) << asked->text;
  EXPECT_EQ(queue_count(), 20'000u);
}

TEST_P(HttpApiImportsTest, OneIsMadeAfterTheOther) {
  constexpr std::size_t kQueues = 2 * kChangesTogether;
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 12; ++i) asked.push_back(post(queues(fmt::format("q{}-", i), kQueues)));
  std::size_t most_bytes = 0;
  until([&] {
    most_bytes = std::max(most_bytes, api_.memory_bytes());
    const auto answered = std::ranges::count_if(asked, [](auto& it) { return it->status != 0; });
    EXPECT_LE(queue_count(), kQueues * static_cast<std::size_t>(answered + 1));
    return answered == 12;
  });
  for (const auto& each : asked) EXPECT_EQ(each->status, 204u) << each->text;
  EXPECT_EQ(queue_count(), 12 * kQueues);
  EXPECT_LT(most_bytes, 2 * kQueues * 192 + kChangesTogetherBytes);
}

TEST_P(HttpApiImportsTest, WhoWaitsForTooLongIsToldAndOneWhoLeavesMakesNothing) {
  disk_.hold(storage::testing::DiskOperation::write);
  const auto first = post(queues("a", 1));
  const auto gone = post(queues("b", 1));
  const auto late = post(queues("c", 1));
  until([&] { return api_.imports().waiting() == 2; });
  gone->wanted = false;
  const auto metrics = start("GET", "/metrics");
  until([&] { return metrics->status != 0; });
  EXPECT_NE(metrics->text.find("naru_http_long_answers_waiting{of=\"imports\"} 2\n"),
            std::string::npos);
  disk_.release();
  rig_.settle();
  EXPECT_EQ(first->status, 204u);
  EXPECT_EQ(gone->status, 503u);
  EXPECT_EQ(late->status, 204u);
  EXPECT_EQ(queue_count(), 2u);
  EXPECT_EQ(status("GET", "/api/queues/%2F/b0"), 404u);

  disk_.hold(storage::testing::DiskOperation::write);
  const auto slow = post(queues("d", 1));
  const auto waits = post(queues("e", 1));
  until([&] { return api_.imports().waiting() == 1; });
  api_.on_deadline({.mono = api_.next_deadline(), .wall_ms = 0});
  EXPECT_EQ(waits->status, 503u);
  EXPECT_EQ(waits->text,
            R"({"error":"unavailable","reason":"definitions are imported one after the other, and )"
            R"(those before these took too long; try again"})");
  disk_.release();
  rig_.settle();
  EXPECT_EQ(slow->status, 204u);
  EXPECT_EQ(status("GET", "/api/queues/%2F/e0"), 404u);
}

TEST_P(HttpApiImportsTest, WhatIsTooMuchToBeDecidedAtOnceChangesNothing) {
  const std::string file = entries(
      "vhosts", 40'000, [](std::size_t i) { return fmt::format(R"({{"name":"v{}"}})", i); });
  const Answer answer = ask("POST", "/api/definitions", file);
  EXPECT_EQ(answer.status, 413u);
  EXPECT_NE(answer.text.find("]: to decide so many definitions at once takes more than 8388608 "
                             "bytes; import them in parts"),
            std::string::npos)
      << answer.text;
  EXPECT_EQ(get("/api/vhosts?columns=name"), R"([{"name":"/"}])");
  EXPECT_EQ(api_.memory_bytes(), 0u);
}

TEST_P(HttpApiImportsTest, LessIsParsedWhileMemoryIsShort) {
  const std::string file = queues("a", 20'000);
  rig_.shard(0).set_memory_step(core::MemoryStep::refuse);
  const Answer answer = ask("POST", "/api/definitions/%2F", file);
  EXPECT_EQ(answer.status, 413u);
  EXPECT_NE(answer.text.find("parsed it takes more than 1048576 bytes; send it in parts"),
            std::string::npos)
      << answer.text;
  EXPECT_EQ(status("POST", "/api/definitions/%2F", queues("b", 2000)), 204u);
  rig_.shard(0).set_memory_step(core::MemoryStep::normal);
  EXPECT_EQ(status("POST", "/api/definitions/%2F", file), 204u);
}

// Decided before anything is made: of what the same file makes, and of what is there.
TEST_P(HttpApiImportsTest, WhatABindingNeedsIsKnownBeforeItIsMade) {
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/there", R"({"type":"headers"})"), 201u);
  const std::string made = R"("vhosts":[{"name":"new"}],
      "exchanges":[{"name":"h","vhost":"new","type":"headers"},{"name":"d","vhost":"/","type":"direct"},
                   {"name":"there","vhost":"/","type":"direct"}],
      "queues":[{"name":"q","vhost":"/"},{"name":"q","vhost":"new","durable":false},
                {"name":"q","vhost":"/","durable":false}])";
  const auto binding = [&](std::string_view vhost, std::string_view source, std::string_view to,
                           std::string_view type, std::string_view match) {
    return fmt::format(
        R"({{{},"bindings":[{{"vhost":"{}","source":"{}","destination":"{}","destination_type":"{}",
            "arguments":{{"x-match":"{}"}}}}]}})",
        made, vhost, source, to, type, match);
  };
  EXPECT_EQ(status("POST", "/api/definitions", binding("new", "h", "q", "queue", "some")), 400u);
  EXPECT_EQ(status("POST", "/api/definitions", binding("/", "there", "q", "queue", "some")), 400u);
  EXPECT_EQ(status("POST", "/api/definitions", binding("new", "amq.match", "q", "queue", "some")),
            400u);
  EXPECT_EQ(status("POST", "/api/definitions", binding("new", "d", "q", "queue", "some")), 404u);
  EXPECT_EQ(status("POST", "/api/definitions", binding("/", "d", "h", "exchange", "some")), 404u);
  EXPECT_EQ(status("POST", "/api/definitions", binding("/", "d", "p", "queue", "some")), 404u);
  EXPECT_EQ(status("GET", "/api/vhosts/new"), 404u) << "nothing was made";
  EXPECT_EQ(queue_count(), 0u);
  for (const std::string& file :
       {binding("new", "h", "q", "queue", "any"), binding("/", "there", "q", "queue", "any"),
        binding("/", "d", "q", "queue", "some"), binding("/", "d", "d", "exchange", "some"),
        binding("new", "amq.match", "h", "exchange", "all")}) {
    EXPECT_EQ(status("POST", "/api/definitions", file), 204u) << file;
  }
  EXPECT_EQ(get("/api/queues/%2F?columns=name,durable"), R"([{"name":"q","durable":true}])")
      << "the first one counts";
}

// Line ends are no part of a name: an entry that was passed over when all was decided is passed
// over when it is made.
TEST_P(HttpApiImportsTest, WhatIsThereStaysAlsoByANameWithALineEnd) {
  EXPECT_EQ(status("PUT", "/api/queues/%2F/q", R"({"durable":true})"), 201u);
  EXPECT_EQ(status("PUT", "/api/exchanges/%2F/x", R"({"type":"headers"})"), 201u);
  const Answer answer = ask("POST", "/api/definitions", R"({"vhosts":[{"name":"vv"}],
      "exchanges":[{"name":"x\n","vhost":"/","type":"direct"}],
      "queues":[{"name":"first","vhost":"/"},{"name":"q\n","vhost":"/","durable":false}]})");
  EXPECT_EQ(answer.status, 204u) << answer.text;
  EXPECT_EQ(get("/api/queues/%2F?columns=name,durable&sort=name"),
            R"([{"name":"first","durable":true},{"name":"q","durable":true}])");
}

}  // namespace
}  // namespace naru::admin
