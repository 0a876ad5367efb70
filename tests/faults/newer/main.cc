// Leaves something in a broker's log as a newer Naru would: whole, under its checksums, and
// unknown.
//   naru_newer DATA_DIR GROUP entry|snapshot HEX
// HEX is the payload of the entry, or the snapshot; GROUP is 0 for metadata, 1… for lanes. The
// broker must not run.
#include <fmt/core.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/journal_local.h"
#include "io/asio/file_system.h"
#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"

namespace {

using namespace naru;

constexpr core::ShardId kShard{0};

/// A group that takes whatever is there.
class AnyState final : public core::GroupState {
 public:
  Result<void> check(ByteView) const override { return {}; }
  Result<void> check_bodies(ByteView) const override { return {}; }
  void apply(std::span<const core::Entry> committed) override { applied_ = committed.back().index; }
  void on_role(core::Role, core::Term) override {}
  Result<void> install(core::Index covers, ByteView) override {
    applied_ = covers;
    return {};
  }
  std::unique_ptr<core::SnapshotJob> begin_snapshot() override {
    return std::make_unique<core::WholeSnapshot>(applied_, snapshot);
  }
  void survivors(ByteView, core::BodyLocation, bool, std::vector<core::Piece>&) override {}

  std::string snapshot;

 private:
  core::Index applied_;
};

/// All groups of a data directory, on one shard.
class Volume final : public cluster::ShardPost,
                     public cluster::VolumeClient,
                     public io::LoopClient {
 public:
  explicit Volume(const std::string& data_dir)
      : pool_({.name = "disk", .thread_count = 1}),
        files_(loop_, pool_),
        journal_(files_, options(data_dir), 1, *this, *this, log_) {
    for (std::uint32_t group = 0; group <= core::kLaneCount; ++group) {
      states_.push_back(std::make_unique<AnyState>());
      journal_.on_shard(kShard).attach(core::GroupId(group), *states_.back());
    }
    loop_.set_client(this);
  }
  ~Volume() override { loop_.set_client(nullptr); }

  Result<void> open() {
    Random random(1);
    return journal_.recover(random);
  }
  Result<void> append(std::uint32_t group, std::string_view payload) {
    NARU_TRY_VOID(journal_.on_shard(kShard).append(core::GroupId(group), as_bytes(payload)));
    return journal_.commit_now();
  }
  void save_snapshot(std::uint32_t group, std::string_view state) {
    states_[group]->snapshot = state;
    journal_.want_snapshot(group);
  }
  /// Writes what is left to write, as a clean stop does.
  void close() {
    loop_.post([] {});  // the first turn
    loop_.run();
  }

 private:
  static cluster::JournalOptions options(const std::string& data_dir) {
    cluster::JournalOptions options;
    options.wal.directory = data_dir + "/wal";
    return options;
  }

  void post(core::ShardId, io::Task task) override { loop_.post(std::move(task)); }
  void on_space(naru::storage::LogSpace) override {}
  void on_volume_failed(const Error& error) override {
    fmt::print(stderr, "{}\n", error.what);
    std::_Exit(1);
  }
  void on_deadline(const Now&) override {}
  void on_turn_end(const Now& now) override {
    journal_.flush(kShard, now);
    if (!journal_.idle()) return;
    if (std::exchange(closing_, true)) return loop_.stop();
    journal_.close();
    loop_.post([] {});
  }

  io::asio_impl::Loop loop_;
  io::asio_impl::ThreadPool pool_;
  io::asio_impl::PosixFileSystem files_;
  NullLogger log_;
  cluster::JournalLocal journal_;
  std::vector<std::unique_ptr<AnyState>> states_;
  bool closing_ = false;
};

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

Result<void> leave(const std::string& data_dir, std::uint32_t group, std::string_view what,
                   const std::string& payload) {
  Volume volume(data_dir);
  NARU_TRY_VOID(volume.open());
  if (what == "entry") NARU_TRY_VOID(volume.append(group, payload));
  if (what == "snapshot") volume.save_snapshot(group, payload);
  volume.close();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} DATA_DIR GROUP entry|snapshot HEX\n", argv[0]);
    return 2;
  }
  const auto group = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const auto left = leave(argv[1], group, argv[3], from_hex(argv[4]));
  if (!left) fmt::print(stderr, "{}\n", left.error().what);
  return left ? 0 : 1;
}
