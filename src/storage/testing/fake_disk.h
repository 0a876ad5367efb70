#pragma once
/// A file system in memory that lies exactly as real ones do. Deterministic: what happens follows
/// from the seed and the calls. For tests and the simulation; never linked into the server.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "io/file.h"

namespace naru::storage::testing {

/// What a fault can be put on.
enum class DiskOperation : std::uint8_t {
  open,
  write,
  sync,
  read,
  make_zeroed,
  replace,
  rename,
  remove,
  make_directory,
  sync_directory,
};
inline constexpr std::size_t kDiskOperations = 10;

/// How often the disk was unkind since it was made.
struct DiskTrouble {
  std::array<std::uint64_t, kDiskOperations> failed{};  // injected, by DiskOperation
  // What became of sectors that waited for a sync, at power losses and failures of their file; and
  // how many changes of names power losses took back.
  std::uint64_t kept_sectors = 0;
  std::uint64_t dropped_sectors = 0;
  std::uint64_t torn_sectors = 0;
  std::uint64_t lost_names = 0;

  std::uint64_t of(DiskOperation operation) const {
    return failed[static_cast<std::size_t>(operation)];
  }
};

/// An operation in the background that failed for a reason that does not go away.
struct DiskFailure {
  DiskOperation operation;
  std::string path;
};

/// One disk. Promises no more than POSIX does:
/// * a completed write is only in the page cache: at power loss each of its 512-byte sectors is
///   kept, dropped or (rarely) torn inside, unless a sync of the file, or the write's own
///   WriteSync::data, completed. A write in flight is treated the same;
/// * a created, renamed or removed name is lost at power loss (a random ordered prefix per
///   directory survives) unless its directory was synced afterwards;
/// * after a failed sync the unsynced data is gone, and later syncs succeed, as on ext4;
/// * a file that could not be made may be there, a rename that failed may have happened, and a sync
///   of a directory that failed may have made some of its names stable;
/// * asynchronous operations complete in any order, one for each complete_one().
///
/// Crash points: every primitive step (a write, a sync, a name change, ...) is counted;
/// crash_after(n) lets n more take effect, then the power is off: blocking calls fail with io,
/// asynchronous ones never complete, until power_cycle().
class FakeDisk final : public io::FileSystem {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  explicit FakeDisk(std::uint64_t seed);
  ~FakeDisk() override;

  // The run.
  /// Completes one operation in flight, chosen at random; false when there is none that may be.
  bool complete_one();
  void complete_all();
  std::size_t in_flight() const { return pending_.size(); }
  /// Asynchronous operations so far; whether the first `issued` of them are completed.
  std::uint64_t issued() const { return issued_; }
  bool completed(std::uint64_t issued) const;

  // Trouble.
  /// The `nth` operation of this kind from now on (1 = the next) fails with `code`, and so do the
  /// ones behind it, `times` in all.
  void fail_nth(DiskOperation operation, std::uint64_t nth, Errc code = Errc::io,
                std::uint64_t times = 1);
  /// The volume holds at most `bytes`; more is no_space.
  void set_capacity(std::uint64_t bytes) { capacity_bytes_ = bytes; }
  /// There is no room for new files whose names contain `text`; an empty one: for all there is.
  void set_no_room_for(std::string text) { no_room_for_ = std::move(text); }
  /// With false, direct opens fall back to buffered, as on tmpfs.
  void set_direct_supported(bool supported) { direct_supported_ = supported; }
  /// Operations of this kind in the background, on files whose names contain `text`, are not
  /// completed, whatever else is, before release() or the next hold().
  void hold(DiskOperation operation, std::string text = {}) {
    held_ = operation;
    held_in_ = std::move(text);
  }
  void release() { held_.reset(); }
  /// What fail_nth() asked for and did not come about does not come any more.
  void forget_faults() { faults_.clear(); }
  /// The last operation of complete_one() that failed with io, if one did; once.
  std::optional<DiskFailure> take_failure() { return std::exchange(failure_, std::nullopt); }
  void crash_after(std::uint64_t steps);
  bool dead() const { return dead_; }
  /// Primitive steps taken since the disk was made.
  std::uint64_t steps() const { return steps_; }
  /// Power loss, and power again. Every File and lock of before must be gone or never used again.
  void power_cycle();
  /// SIGKILL of the process: what was in flight may or may not have happened, the page cache stays.
  void kill_process();

  // Inspection and bit rot, past every check.
  bool exists(const std::string& path) const { return names_.contains(path); }
  std::vector<std::uint8_t> content(const std::string& path) const;
  void set_content(const std::string& path, std::vector<std::uint8_t> content);
  /// Of what is read, what is stable and what waits for a sync alike; which is which stays as it
  /// is.
  void flip_bit(const std::string& path, std::uint64_t bit);
  std::uint64_t used_bytes() const;
  /// How often files and directories were synced, WriteSync::data included.
  std::uint64_t syncs() const { return syncs_; }
  const DiskTrouble& trouble() const { return trouble_; }
  /// Reads in the background so far.
  std::uint64_t reads() const { return reads_; }
  /// Bytes that reads of files have moved.
  std::uint64_t read_bytes() const { return read_bytes_; }
  /// Open handles.
  std::size_t open_files() const { return open_files_; }

  // io::FileSystem
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenOptions options) override;
  void make_zeroed(const std::string& path, std::uint64_t bytes, io::VoidDone done) override;
  void allocate(const std::string& path, std::uint64_t bytes, io::VoidDone done) override;
  void replace(const std::string& path, std::string content, io::VoidDone done) override;
  void remove(const std::string& path, io::VoidDone done) override;
  Result<void> make_zeroed_now(const std::string& path, std::uint64_t bytes) override;
  Result<void> replace_now(const std::string& path, std::string_view content) override;
  Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override;
  Result<void> make_directory(const std::string& path, unsigned mode) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove_now(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<io::VolumeSpace> space(const std::string& path) override;
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;

 private:
  friend class FakeFile;
  friend class FakeLock;

  struct UnsyncedWrite {
    std::uint64_t offset;
    std::vector<std::uint8_t> bytes;
  };
  struct Node {
    bool directory = false;
    std::vector<std::uint8_t> current;  // as reads see it
    std::vector<std::uint8_t> durable;  // as it is after power loss, before luck
    std::vector<UnsyncedWrite> unsynced;
  };
  using NodeRef = std::shared_ptr<Node>;
  /// One change of a name that is not durable yet: `path` now names `node` (or nothing), and, after
  /// a rename, `removed` nothing any more. Both or neither.
  struct NameChange {
    std::string path;
    NodeRef node;
    std::string removed = {};
  };
  struct Pending;
  void enqueue(std::unique_ptr<Pending> pending);
  bool is_held(const Pending& operation) const;
  std::optional<std::size_t> choose_pending();
  struct Fault {
    std::uint64_t nth;
    std::uint64_t times;
    Errc code;
  };

  /// The real one names files in errors of what works on a whole file, and the caller of the rest.
  Result<void> step(DiskOperation operation, const std::string& path = {});
  void run_pending(Pending& operation, Result<void>& done, std::size_t& moved);
  Result<void> apply_write(Node& node, std::uint64_t offset, ByteView bytes, io::WriteSync sync);
  Result<void> sync_node(Node& node, bool direct);
  Result<void> fill(const std::string& path, std::uint64_t bytes);
  Result<void> replace_in_steps(const std::string& path, std::string_view content);
  void set_name(const std::string& path, NodeRef node);
  void maybe_leave_behind(const std::string& path);
  void sync_some_names(const std::string& directory);
  void lose_unsynced(Node& node);
  void make_durable(const NameChange& change);
  void lose_names();
  void maybe_apply(const Pending& operation, bool power_lost);
  Result<void> grow(Node& node, std::uint64_t bytes);

  Random random_;
  std::map<std::string, NodeRef> names_;
  std::map<std::string, NodeRef> durable_names_;
  std::map<std::string, std::deque<NameChange>> unsynced_names_;  // by directory
  std::vector<std::unique_ptr<Pending>> pending_;
  std::map<DiskOperation, Fault> faults_;
  std::set<std::string> locks_;
  std::string no_room_for_;
  std::optional<DiskOperation> held_;
  std::string held_in_;
  std::uint64_t capacity_bytes_ = std::uint64_t{1} << 40;
  std::uint64_t issued_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t read_bytes_ = 0;
  DiskTrouble trouble_;
  std::optional<DiskFailure> failure_;
  std::size_t open_files_ = 0;
  std::uint64_t steps_left_ = 0;
  bool crash_armed_ = false;
  bool dead_ = false;
  bool direct_supported_ = true;
};

}  // namespace naru::storage::testing
