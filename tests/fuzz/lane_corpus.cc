// Makes the seeds of lane_facts, lane_snapshot and lane_replay from a lane at work:
// naru_lane_corpus DIRECTORY

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/queue/lane_fixture.h"

namespace {

using namespace naru;
using namespace naru::core;

void write(const std::string& directory, const std::string& name, ByteView content) {
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/" + name, std::ios::binary) << as_text(content);
}

/// A few queues in different states: what is leased, given back, settled, purged, expiring.
void work(LaneWorld& world, std::uint64_t round) {
  for (std::uint64_t i = 0; i < 4 * round; ++i) {
    world.publish_to({1 + i % 3}, {fmt::format("body {}", i), i % 5 != 0,
                                   i % 4 == 0 ? world.now.wall_ms + 1000 : 0});
  }
  world.publish_to({1, 2, 3}, {"for all", true, 0});
  world.run();
  (void)world.consume(1, 1, {});
  world.run();
  world.settle(1, 1);
  world.settle(1, 3, 4);
  world.requeue(1, 2);
  world.run();
  (void)world.lane->purge(QueueId(2));
  world.run();
  // Large ones: of two queues, of one that is not there any more, and of none yet.
  world.publish_to({1, 3}, {std::string(100 * round, 'l')});
  world.publish(2, std::string(150, 'm'));
  world.run();
  (void)world.lane->purge(QueueId(2));
  world.run();
  // A long queue, a part of which is known as pages: whole ones, and with records settled and given
  // back.
  for (std::uint64_t i = 0; i < 40 * round; ++i) {
    world.publish_to(
        {3}, {fmt::format("page {}", i), true, i / 8 % 3 == 1 ? world.now.wall_ms + 1000 : 0});
    if (i % 11 == 0) world.run();
  }
  world.run();
  (void)world.consume(3, 2, {.prefetch = static_cast<std::uint32_t>(30 * round)});
  world.run();
  world.settle(3, 5 * round, 20 * round);
  world.requeue(3, 22 * round, 24 * round);
  world.run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  for (std::uint64_t round = 1; round <= 3; ++round) {
    Lane::Options options;
    options.page_records = 8;
    options.index_bytes = 0;
    options.fragment_bytes = 64;
    // The last finds its larger records among bodies, as if it shared them with other lanes.
    LaneWorld world(options, round == 3
                                 ? SharedBodies::Options{.record_bytes_min = 50, .lanes_min = 1}
                                 : SharedBodies::Options{});
    for (std::uint64_t id = 1; id <= 3; ++id) world.queue(id);
    work(world, round);
    if (round == 2) world.delete_queue(3);
    world.run();
    if (round == 3) {
      // One that goes on in the next entry.
      world.lane->atomic_begin();
      world.journal->bytes_max = 2000;
      for (int i = 0; i < 4; ++i) world.publish(1, std::string(700, 'x'));
      world.lane->atomic_end();
      world.run();
    }
    // The snapshot begins between the fragments of one. The last one is made in parts, between
    // which the lane goes on, and large ones come and go.
    world.publish(1, std::string(300, 'o'));
    world.flush();
    world.journal->commit(2);
    do {
      world.journal->go_on_with_snapshot(round == 3 ? 100 : SIZE_MAX);
      if (round == 3) world.publish(3, "meanwhile" + std::string(100, 'm'));
      world.run();
    } while (world.journal->is_in_snapshot());
    const auto& disk = world.journal->disk();
    write(directory + "/lane_snapshot", fmt::format("run{}", round), disk.snapshot->state);
    ByteBuffer replay;
    for (const auto& stored : disk.entries) {
      if (stored.bodies) continue;
      replay.u8(stored.type == EntryType::term_start ? 1 : 0);
      replay.le32(static_cast<std::uint32_t>(stored.payload.view.size()));
      replay.append(stored.payload.view);
    }
    write(directory + "/lane_replay", fmt::format("run{}", round), replay.view());
    for (const auto& stored : disk.entries) {
      // A few of many that are alike.
      if (stored.type != EntryType::records ||
          (stored.index.value > 6 && stored.index.value % 5 != 0))
        continue;
      write(directory + "/lane_facts",
            fmt::format("run{}_{}{}", round, stored.index.value, stored.bodies ? "_bodies" : ""),
            stored.payload.view);
    }
  }
  return 0;
}
