// Makes the seeds of segment from real runs:  naru_segment_corpus DIRECTORY

#include <fmt/core.h>

#include <fstream>
#include <string>

#include "base/byte_buffer.h"
#include "cluster/testing/journal_world.h"
#include "storage/manifest.h"

int main(int argc, char** argv) {
  using namespace naru;
  if (argc != 2) return 2;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    cluster::testing::WorldOptions options{
        .seed = seed, .journal = cluster::testing::small_files(), .body_bytes_max = 400};
    options.kept_in = 12;
    options.journal.log_bytes_max = options.journal.segment_dead_bytes_max = 64 * 1024;
    cluster::testing::World world(options);
    if (!world.start()) return 1;
    storage::Manifest manifest;
    for (int i = 0; i < 200 && manifest.segments.empty(); ++i) {
      world.steps(100);
      world.settle_down();
      manifest = *storage::decode_manifest(world.disk().content("data/wal/manifest"));
    }
    for (const storage::ManifestSegment& segment : manifest.segments) {
      const auto name = "data/wal/" + storage::segment_file_name(segment.number);
      ByteBuffer out;
      out.u8(seed % 2 == 0 ? 1 : 0);
      out.le32(segment.rows);
      out.le32(static_cast<std::uint32_t>(segment.table));
      out.append(ByteView(world.disk().content(name)));
      std::ofstream(fmt::format("{}/run{}", argv[1], seed), std::ios::binary)
          << as_text(out.view());
    }
  }
  return 0;
}
