// Recovery of the log from any bytes whatever in its files: it starts, or refuses with an error,
// and what it started from it starts from again.

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "storage/manifest.h"
#include "storage/testing/fake_disk.h"
#include "tests/fuzz/wal_image.h"
#include "tests/fuzz/wal_repair.h"

namespace {

using namespace naru;
using Bytes = std::vector<std::uint8_t>;

/// Believes everything.
class AnyState final : public core::GroupState {
 public:
  Result<void> check(ByteView) const override { return {}; }
  Result<void> check_bodies(ByteView) const override { return {}; }
  void apply(std::span<const core::Entry> committed) override {
    for (const core::Entry& entry : committed) {
      applied = entry.index.value;
      bytes += entry.payload.size();
      for (const std::uint8_t byte : entry.payload) sum += byte;  // all of it is readable
    }
  }
  void on_role(core::Role, core::Term) override {}
  Result<void> install(core::Index covers, ByteView snapshot) override {
    applied = covers.value;
    bytes += snapshot.size();
    return {};
  }
  std::unique_ptr<core::SnapshotJob> begin_snapshot() override { return nullptr; }
  void survivors(ByteView, core::BodyLocation, bool, std::vector<core::Piece>&) override {}

  std::uint64_t applied = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;
};

class Nobody final : public cluster::ShardPost, public cluster::VolumeClient {
 public:
  void post(core::ShardId, io::Task) override {}
  void on_volume_failed(const Error&) override {}
  void on_space(naru::storage::LogSpace) override {}
};

struct Started {
  bool started = false;
  std::vector<std::uint64_t> applied;
};

Started start(storage::testing::FakeDisk& disk) {
  Nobody nobody;
  NullLogger log;
  Random random(1);
  std::vector<AnyState> states(fuzz::kImageGroups);
  cluster::JournalLocal journal(disk, fuzz::image_options(), 1, nobody, nobody, log);
  for (std::uint32_t group = 0; group < states.size(); ++group) {
    journal.on_shard(core::ShardId(0)).attach(core::GroupId(group), states[group]);
  }
  Started result;
  auto recovered = journal.recover(random);
  if (!recovered) NARU_CHECK(!recovered.error().what.empty(), "an error says what is wrong");
  result.started = recovered.has_value();
  for (const AnyState& state : states) result.applied.push_back(state.applied);
  return result;
}

void repair_manifest(Bytes& manifest) {
  if (manifest.size() < 16) return;
  const auto total = static_cast<std::uint32_t>(manifest.size());
  std::memcpy(manifest.data() + 12, &total, sizeof total);
  fuzz::put_sum(manifest, 4, crc32c(ByteView(manifest).subspan(8)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const std::uint8_t repair = in.u8();
  const ByteView given = in.bytes(in.le16());
  if (!in.ok()) return 0;
  Bytes manifest(given.begin(), given.end());
  if ((repair & fuzz::kRepairManifest) != 0) repair_manifest(manifest);

  storage::testing::FakeDisk disk(1);
  NARU_CHECK(disk.make_directory("wal", 0700) && disk.sync_directory("."), "an empty disk");
  std::map<std::uint32_t, std::uint32_t> sizes;
  if (auto decoded = storage::decode_manifest(manifest)) {
    for (const auto& file : decoded->files) {
      if (file.bytes > fuzz::kImageFileBytesMax) continue;
      sizes[file.number] = file.bytes;
      disk.set_content("wal/" + storage::wal_file_name(file.number), Bytes(file.bytes));
    }
  }
  if (!manifest.empty()) disk.set_content("wal/manifest", std::move(manifest));
  while (!in.done()) {
    const std::uint32_t number = in.u8();
    const ByteView content = in.bytes(in.le32());
    if (!in.ok()) break;
    Bytes file(content.begin(), content.end());
    const auto known = sizes.find(number);
    if (known != sizes.end()) {
      file.resize(std::max<std::size_t>(file.size(), known->second));
    }
    if ((repair & fuzz::kRepairFrames) != 0) fuzz::repair_frames(file);
    disk.set_content("wal/" + storage::wal_file_name(number), std::move(file));
  }

  const Started first = start(disk);
  disk.power_cycle();
  const Started second = start(disk);
  NARU_CHECK(first.started == second.started, "a start is repeatable");
  if (!first.started) return 0;
  for (std::size_t group = 0; group < first.applied.size(); ++group) {
    // Each start adds its own term_start.
    NARU_CHECK(second.applied[group] == first.applied[group] + 1, "a start keeps what it found");
  }
  return 0;
}
