// Makes the seeds of wal_recovery from real runs:  naru_wal_corpus DIRECTORY

#include <fmt/core.h>

#include <fstream>
#include <string>

#include "base/byte_buffer.h"
#include "cluster/testing/journal_world.h"
#include "storage/manifest.h"
#include "tests/fuzz/wal_image.h"

namespace {

using namespace naru;

/// The files of a directory as one input; the zeros at their ends are left out.
std::string image(const storage::testing::FakeDisk& disk, std::uint8_t repair) {
  const auto manifest = disk.content("wal/manifest");
  ByteBuffer out;
  out.u8(repair);
  out.le16(static_cast<std::uint16_t>(manifest.size()));
  out.append(ByteView(manifest));
  for (std::uint8_t number = 1; number < 100; ++number) {
    auto content = disk.content("wal/" + storage::wal_file_name(number));
    while (!content.empty() && content.back() == 0) content.pop_back();
    if (content.empty()) continue;
    out.u8(number);
    out.le32(static_cast<std::uint32_t>(content.size()));
    out.append(ByteView(content));
  }
  return std::string(as_text(out.view()));
}

void write(const std::string& directory, const std::string& name, const std::string& content) {
  std::ofstream(directory + "/" + name, std::ios::binary) << content;
}

cluster::testing::World make_world(std::uint64_t seed) {
  return cluster::testing::World({.seed = seed,
                                  .shards = 1,
                                  .groups = fuzz::kImageGroups,
                                  .journal = fuzz::image_options(),
                                  .body_bytes_max = 60,
                                  .live_max = 4});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    cluster::testing::World world = make_world(seed);
    if (!world.start()) return 1;
    // The last ones are long enough for files to leave the log.
    world.steps(static_cast<int>(seed <= 6 ? 12 * seed : 60 * seed));
    if (seed % 2 == 0) world.journal().want_snapshot(1);
    world.settle_down();
    if (seed % 3 == 0) {
      world.stop();
      if (!world.start()) return 1;
      world.steps(20);
    }
    world.lose_power();
    const std::uint8_t repair = seed % 2 == 0 ? fuzz::kRepairManifest | fuzz::kRepairFrames : 0;
    write(directory, fmt::format("run{}", seed), image(world.disk(), repair));
  }
  return 0;
}
