// What worries us: a stop that hangs or loses output, shards that are left out, an answer on the
// wrong thread.
#include "server/server.h"

#include <algorithm>

#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"
#include "server/disk_watch.h"
#include "server/test_support.h"

namespace naru::server {
namespace {

TEST_F(ServerTest, DrainingTellsEveryoneAndWaitsForTheLog) {
  const io::Endpoint at = listen({&lines});
  auto one = connect(at, "login\necho a\n");
  auto stranger = connect(at, "");
  expect_received(*one, "a\n");
  broker.idle = false;
  bool drained = false;
  server.drain(std::chrono::seconds(10), [&] { drained = true; });
  until([&] { return one->closed && stranger->closed; });
  EXPECT_EQ(one->received, "a\nclosing: broker forced connection closure with reason 'shutdown'\n");
  auto late = connect(at);
  until([&] { return late->closed; });
  one->stream.reset();
  until([&] { return host.connection_count() == 0; });
  EXPECT_FALSE(drained) << "something is not committed yet";
  broker.idle = true;
  until([&] { return drained; });
}

TEST_F(ServerTest, DrainingDoesNotWaitForALogThatDoesNotGoOn) {
  const io::Endpoint at = listen({&lines});
  auto one = connect(at, "login\necho a\n");
  expect_received(*one, "a\n");
  broker.idle = false;
  bool drained = false;
  bool asked = false;
  server.drain(std::chrono::seconds(10), [&] { drained = true; }, [&] { return !(asked = true); });
  until([&] { return one->closed; });
  EXPECT_FALSE(asked) << "its connections have not ended";
  EXPECT_EQ(one->received, "a\nclosing: broker forced connection closure with reason 'shutdown'\n");
  one->stream.reset();
  until([&] { return drained; });
}

TEST_F(ServerTest, WithAllSlotsTakenTheOldestStrangerMakesRoom) {
  ConnectionSlots slots(3);
  host.limit(slots);
  const io::Endpoint at = listen({&lines});
  auto friendly = connect(at, "login\necho a\n");
  expect_received(*friendly, "a\n");
  auto older = connect(at, "echo b\n");
  expect_received(*older, "b\n");
  auto newer = connect(at, "echo c\n");
  expect_received(*newer, "c\n");
  auto late = connect(at, "login\necho d\n");
  expect_received(*late, "d\n");
  until([&] { return older->closed; });
  EXPECT_FALSE(newer->closed);
  newer->send("login\necho e\n");
  expect_received(*newer, "c\ne\n");
  auto too_late = connect(at);
  until([&] { return too_late->closed; });
  EXPECT_EQ(host.connection_count(), 3u);
  EXPECT_EQ(
      std::ranges::count_if(
          log.lines, [](const std::string& line) { return line.contains("connections_max"); }),
      1);
  newer->stream.reset();
  until([&] { return host.connection_count() == 2; });
  auto next = connect(at, "echo f\n");
  expect_received(*next, "f\n");
  // The slots go before the host.
  for (auto* client : {friendly.get(), late.get(), next.get()}) client->stream.reset();
  until([&] { return host.connection_count() == 0; });
}

TEST_F(ServerTest, WhoDoesNotCloseInTimeIsDropped) {
  const io::Endpoint at = listen({&lines});
  auto one = connect(at, "login\necho a\n");
  expect_received(*one, "a\n");
  one->reading = false;
  bool drained = false;
  server.drain(std::chrono::milliseconds(20), [&] { drained = true; });
  until([&] { return drained; });
  EXPECT_EQ(host.connection_count(), 0u);
}

TEST_F(ServerTest, AFailedVolumeIsToldAndNotWaitedFor) {
  const io::Endpoint at = listen({&lines});
  auto one = connect(at, "login\necho a\n");
  expect_received(*one, "a\n");
  broker.idle = false;
  bool done = false;
  server.fail("the volume has failed", std::chrono::milliseconds(100), [&] { done = true; });
  until([&] { return done; });
  EXPECT_EQ(one->received, "a\nclosing: the volume has failed\n");
}

/// Two shards on two threads.
class TwoShards : public ServerTest {
 protected:
  TwoShards() {
    other_host.attach(other_broker);
    EXPECT_TRUE(workers.submit([this] { other_loop.run(); }, [this] { joined = true; }));
  }
  ~TwoShards() override {
    other_loop.stop();
    until([&] { return joined; });
  }

  RecordingBroker other_broker;
  RecordingLogger other_log;
  Random other_random{2};
  io::asio_impl::Loop other_loop;
  io::asio_impl::TcpNetwork other_network{other_loop};
  ShardHost other_host{core::ShardId(1), other_loop, other_network, other_random, other_log, {}};
  Server both{{&host, &other_host}, network};
  io::asio_impl::ThreadPool pool{{.name = "test", .thread_count = 1}};
  io::asio_impl::PoolWorkers workers{loop, pool};
  bool joined = false;
};

TEST_F(TwoShards, ConnectionsGoToTheShardsInTurn) {
  const io::Endpoint at = *both.listen({"127.0.0.1", 0}, {&lines});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(connect(at, "login\necho a\n"));
  for (auto& client : clients) expect_received(*client, "a\n");
  EXPECT_EQ(host.connection_count(), 2u);
  std::size_t there = 0;
  other_loop.post([&] {
    std::size_t count = 0;
    both.each_connection(core::ShardId(1), [&](const auto&) { ++count; });
    loop.post([&there, count] { there = count; });
  });
  until([&] { return there == 2; });
  bool drained = false;
  both.drain(std::chrono::milliseconds(100), [&] { drained = true; });
  until([&] { return drained; });
  for (auto& client : clients) EXPECT_TRUE(client->closed);
}

TEST_F(TwoShards, AnAlarmReachesEveryShard) {
  both.set_alarm(core::Alarm{"low on disk"});
  std::string seen;
  until([&] { return broker.alarm == "low on disk"; });
  bool asked = false;
  other_loop.post([&] {
    std::string there = other_broker.alarm;
    loop.post([&, there] {
      seen = there;
      asked = true;
    });
  });
  until([&] { return asked; });
  EXPECT_EQ(seen, "low on disk");
}

class DiskWatchTest : public ServerTest {
 protected:
  /// What the volume answers, in order; the last one for ever.
  void volume(std::vector<Result<io::VolumeSpace>> answers, std::uint64_t free_bytes_min = 1000) {
    watch = std::make_unique<DiskWatch>(
        host, workers,
        DiskWatchOptions{
            .path = "/data", .free_bytes_min = free_bytes_min, .interval = Duration(1)},
        [this, answers](const std::string&) {
          const std::size_t i = std::min(asked.fetch_add(1), answers.size() - 1);
          return answers[i];
        },
        [this](const std::string& reason) { alarms.push_back(reason); });
    watch->start();
    until([&] { return asked > answers.size() + 1; });
  }
  std::vector<std::string> alarms;
  std::atomic<std::size_t> asked = 0;
  io::asio_impl::ThreadPool pool{{.name = "test", .thread_count = 1}};
  io::asio_impl::PoolWorkers workers{loop, pool};
  std::unique_ptr<DiskWatch> watch;
};

TEST_F(DiskWatchTest, TheAlarmComesOnceAndGoesWithSomethingToSpare) {
  volume({{{1000, 0}}, {{999, 0}}, {{500, 0}}, {{1050, 0}}, {{1100, 0}}, {{1050, 0}}});
  EXPECT_EQ(alarms, (std::vector<std::string>{"low on disk", ""}));
  EXPECT_TRUE(log.has("/data"));
  EXPECT_EQ(watch->space().free_bytes, 1050u);
}

TEST_F(DiskWatchTest, TheFirstAnswerIsThereWhenItHasStarted) {
  DiskWatch first(
      host, workers, {.path = "/data", .free_bytes_min = 1000},
      [](const std::string&) { return io::VolumeSpace{7, 0}; },
      [this](const std::string& reason) { alarms.push_back(reason); });
  first.start();
  EXPECT_EQ(first.space().free_bytes, 7u);
  EXPECT_EQ(alarms, (std::vector<std::string>{"low on disk"}));
}

TEST_F(DiskWatchTest, WhoKeepsMuchFreeDoesNotWaitForATenthOfIt) {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  volume({{{70 * kGiB, 0}}, {{70 * kGiB + kGiB / 4 - 1, 0}}}, 71 * kGiB);
  EXPECT_EQ(alarms, (std::vector<std::string>{"low on disk"}));
  alarms.clear();
  asked = 0;
  volume({{{70 * kGiB, 0}}, {{71 * kGiB + kGiB / 4, 0}}}, 71 * kGiB);
  EXPECT_EQ(alarms, (std::vector<std::string>{"low on disk", ""}));
}

TEST_F(DiskWatchTest, AVolumeThatDoesNotAnswerChangesNothing) {
  volume({{{1, 0}}, fail(Errc::io, "gone"), fail(Errc::io, "gone"), {{1, 0}}});
  EXPECT_EQ(alarms, (std::vector<std::string>{"low on disk"}));
  EXPECT_EQ(std::ranges::count_if(log.lines, [](auto& line) { return line.contains("gone"); }), 1);
}

}  // namespace
}  // namespace naru::server
