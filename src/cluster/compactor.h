#pragma once
/// Rewrites sparse segments: what is still needed of several goes into a new one, and they go.
/// Decision: docs/adr/0033; format: docs/formats/segment.md.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/file_ledger.h"
#include "cluster/storage_figures.h"
#include "core/journal.h"
#include "storage/wal.h"

namespace naru::cluster {

/// An entry of an old file, or a piece of one, that its group's state is asked about.
struct OldEntry {
  std::uint32_t group = 0;      // or, when it is shared, the bits of a core::GroupSet
  core::BodyLocation location;  // of payload[0], where it was first written
  ByteView payload;
  bool moved = false;   // a piece, or adjoining ones
  bool shared = false;  // bodies that several groups refer to
};
struct Survivor {
  std::uint32_t entry = 0;  // position among the entries that were asked about
  core::Piece piece;
};

class CompactorClient {
 public:
  using Answer = std::move_only_function<void(std::vector<Survivor>)>;

  virtual ~CompactorClient() = default;
  /// Asks the groups' states, each on its shard. Answers once, ordered by entry and place; perhaps
  /// at once. The entries' bytes stay while `block` is held.
  virtual void ask(const BlockRef& block, std::vector<OldEntry> entries, Answer answer) = 0;
  /// A segment cannot be read through; it is kept.
  virtual void on_damage(const std::string& path, std::uint64_t offset,
                         const std::string& what) = 0;
};

struct CompactorOptions {
  std::uint64_t batch_bytes = 0;          // about the largest segment to write
  std::uint32_t write_bytes = 256 << 10;  // written at once
  Duration retry_after = std::chrono::seconds(10);
};

/// Owned by the log's shard. One rewriting at a time, and of that one slice at a time: a read of
/// half a MiB or a write of a quarter, then at least a turn of the shard, and at least a frame of
/// the log if that has something to write. Order, each step durable before the next: the new
/// segment's name; its pieces and its table; the manifest that lists it and not its sources. Then
/// the sources go when their last reader has gone. Trouble of its own (no room, a failed write) is
/// no trouble of the log: it gives up, removes what it wrote and tries again later.
class Compactor {
 public:
  Compactor(storage::Wal& wal, FileLedger& ledger, CompactorClient& client,
            const CompactorOptions& options, Logger& log);
  ~Compactor();

  /// Every turn. `may_work`: the log has no need of the disk just now.
  void tend(TimePoint now, bool may_work);
  /// Begins nothing more.
  void stop() { stopped_ = true; }
  /// Nothing of its own is in flight.
  bool idle() const { return !in_flight_; }
  /// A segment is being rewritten.
  bool working() const { return job_ != nullptr; }
  TimePoint next_deadline() const { return retry_at_ > now_ ? retry_at_ : kNever; }
  const CompactorFigures& figures() const { return figures_; }

 private:
  struct Job;

  bool begin();
  void step();
  void read_slice();
  void on_slice(Result<storage::SegmentSlice> slice);
  void on_survivors(const std::vector<OldEntry>& entries, const std::vector<Survivor>& survivors);
  void leave_out_current();
  void write(bool all);
  void list();
  void on_listed(storage::SegmentFile* fresh);
  std::optional<std::uint32_t> lost_source() const;
  void give_up(const Error& error);

  storage::Wal& wal_;
  FileLedger& ledger_;
  CompactorClient& client_;
  const CompactorOptions options_;
  Logger& log_;

  std::unique_ptr<Job> job_;
  CompactorFigures figures_;
  TimePoint now_{};
  TimePoint retry_at_{};
  bool in_flight_ = false;
  bool stopped_ = false;
};

}  // namespace naru::cluster
