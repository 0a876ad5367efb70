// What the log alone can do on a real disk: one shard, one group, entries appended as fast as a
// window of uncommitted bytes allows.
//   naru_storage_bench DIRECTORY ENTRY_BYTES TOTAL_MB [WINDOW_KB [WRITES_IN_FLIGHT [FRAME_KB]]]
// DIRECTORY must exist; its log is left behind. Prints one line of JSON; ./dev bench storage
// compares settings by it.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "cluster/journal_local.h"
#include "io/asio/file_system.h"
#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"

namespace {

using namespace naru;

class StandardError final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view line) override { fmt::print(stderr, "{}\n", line); }
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Appends, and settles everything as soon as it is applied.
class Bench final : public io::LoopClient,
                    public core::GroupState,
                    public cluster::ShardPost,
                    public cluster::VolumeClient {
 public:
  Bench(io::asio_impl::Loop& loop, io::FileSystem& fs, const cluster::JournalOptions& options,
        std::size_t entry_bytes, std::uint64_t total_bytes, std::size_t window_bytes)
      : loop_(loop),
        journal_(fs, options, 1, *this, *this, log_),
        payload_(entry_bytes, 'x'),
        entries_left_(total_bytes / entry_bytes),
        window_bytes_(window_bytes) {
    shard().attach(core::GroupId(0), *this);
    loop.set_client(this);
  }

  Result<void> recover() {
    Random random(1);
    return journal_.recover(random);
  }
  std::uint64_t committed() const { return committed_; }
  bool idle() const { return journal_.idle(); }
  std::vector<std::int64_t>& latencies_ns() { return latencies_ns_; }

  void on_deadline(const Now&) override {}
  void on_turn_end(const Now& now) override {
    while (entries_left_ > 0 && shard().uncommitted_bytes() < window_bytes_) {
      auto position = shard().append(core::GroupId(0), as_bytes(payload_));
      if (!position) return fail_bench(position.error());
      if (position->index.value % 16 == 0) started_.push_back({position->index.value, now.mono});
      --entries_left_;
    }
    journal_.flush(core::ShardId(0), now);
    if (entries_left_ == 0 && shard().uncommitted_bytes() == 0 && journal_.idle()) loop_.stop();
  }

  Result<void> check(ByteView) const override { return {}; }
  Result<void> check_bodies(ByteView) const override { return {}; }
  void apply(std::span<const core::Entry> entries) override {
    for (const core::Entry& entry : entries) {
      applied_ = entry.index.value;
      if (entry.type != core::EntryType::records || !running_) continue;
      ++committed_;
      if (!started_.empty() && started_.front().index == applied_) {
        latencies_ns_.push_back((loop_.now().mono - started_.front().at).count());
        started_.pop_front();
      }
    }
  }
  void on_role(core::Role, core::Term) override { running_ = true; }
  Result<void> install(core::Index covers, ByteView) override {
    applied_ = covers.value;
    return {};
  }
  std::unique_ptr<core::SnapshotJob> begin_snapshot() override {
    return std::make_unique<core::WholeSnapshot>(core::Index(applied_), "state");
  }
  void survivors(ByteView, core::BodyLocation, bool, std::vector<core::Piece>&) override {}
  void post(core::ShardId, io::Task task) override { loop_.post(std::move(task)); }
  void on_volume_failed(const Error& error) override { fail_bench(error); }
  void on_space(naru::storage::LogSpace) override {
    fail_bench({Errc::no_space, "the disk is full"});
  }

 private:
  struct Started {
    std::uint64_t index;
    TimePoint at;
  };

  core::Journal& shard() { return journal_.on_shard(core::ShardId(0)); }
  void fail_bench(const Error& error) {
    fmt::print(stderr, "{}\n", error.what);
    std::exit(1);
  }

  io::asio_impl::Loop& loop_;
  StandardError log_;
  cluster::JournalLocal journal_;
  std::string payload_;
  std::uint64_t entries_left_;
  std::size_t window_bytes_;
  std::deque<Started> started_;
  std::vector<std::int64_t> latencies_ns_;
  std::uint64_t committed_ = 0;
  std::uint64_t applied_ = 0;
  bool running_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(
        stderr,
        "usage: {} DIRECTORY ENTRY_BYTES TOTAL_MB [WINDOW_KB [WRITES_IN_FLIGHT [FRAME_KB]]]\n",
        argv[0]);
    return 2;
  }
  const auto number = [&](int at, std::uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  cluster::JournalOptions options;
  options.wal.directory = std::string(argv[1]) + "/wal";
  options.wal.writes_in_flight =
      static_cast<std::uint32_t>(number(5, options.wal.writes_in_flight));
  options.wal.frame_bytes_max =
      static_cast<std::uint32_t>(number(6, options.wal.frame_bytes_max >> 10) << 10);
  options.wal.block_bytes = std::max(options.wal.block_bytes, options.wal.frame_bytes_max);
  const auto entry_bytes = static_cast<std::size_t>(number(2, 0));
  const std::uint64_t total_bytes = number(3, 0) << 20;
  io::asio_impl::Loop loop;
  io::asio_impl::ThreadPool pool(
      {.name = "disk", .thread_count = options.wal.writes_in_flight + 1, .nice = 0});
  io::asio_impl::PosixFileSystem fs(loop, pool);
  Bench bench(loop, fs, options, entry_bytes, total_bytes,
              static_cast<std::size_t>(number(4, 1024) << 10));
  const auto begun = std::chrono::steady_clock::now();
  if (auto recovered = bench.recover(); !recovered) {
    fmt::print(stderr, "{}\n", recovered.error().what);
    return 1;
  }
  const auto started = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  loop.post([] {});  // the first turn
  loop.run();
  const std::chrono::duration<double> start_up = started - begun;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  const auto committed = static_cast<double>(bench.committed());
  auto& latencies = bench.latencies_ns();
  std::ranges::sort(latencies);
  const auto quantile_ms = [&](double q) {
    if (latencies.empty()) return 0.0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1));
    return static_cast<double>(latencies[at]) / 1e6;
  };
  fmt::print(
      "{{\"start_ms\":{:.0f},\"entries_per_s\":{:.0f},\"mb_per_s\":{:.1f},"
      "\"cpu_s_per_1m\":{:.3f},\"commit_ms_p50\":{:.3f},\"commit_ms_p99\":{:.3f}}}\n",
      start_up.count() * 1e3, committed / elapsed.count(),
      committed * static_cast<double>(entry_bytes) / 1e6 / elapsed.count(),
      (cpu_seconds() - cpu) / committed * 1e6, quantile_ms(0.5), quantile_ms(0.99));
  return 0;
}
