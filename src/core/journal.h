#pragma once
/// A group's log, as the core sees it. journal_local (one voter) writes what a one-voter Raft group
/// would.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "core/group_set.h"
#include "core/ids.h"
#include "core/snapshot_job.h"

namespace naru::core {

struct Position {
  Term term;
  Index index;
};

/// Where stored bytes are. `file` counts the uses of WAL files from 1 and is never reused; `offset`
/// is in bytes from the file's start. A body keeps its location for ever, also when the journal
/// moves it to a segment. file 0 is the owner's memory: such bytes were never logged.
struct BodyLocation {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;

  auto operator<=>(const BodyLocation&) const = default;
};

enum class EntryType : std::uint8_t {
  records = 1,     // the group's own records, opaque to the journal
  term_start = 2,  // the first entry of a term, empty
};

/// One committed entry, on its way into the group's state.
struct Entry {
  GroupId group;
  Term term;
  Index index;
  EntryType type = EntryType::records;
  ByteView
      payload;  // what append() was given; valid during the call, and as long as `owner` is held
  BodyLocation location;  // of payload[0]
  const BlockRef* owner = nullptr;
};

/// How soon an entry has to be on stable storage; it is committed when it is.
enum class Urgency : std::uint8_t {
  now,    // as soon as the disk can
  later,  // within a short, configured time
};

enum class Role : std::uint8_t { follower, owner };

/// A part of an entry's payload: bytes [offset, offset + bytes).
struct Piece {
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;

  bool operator==(const Piece&) const = default;
};

/// The state machine of one group. Called by the journal on the group's shard, in index order.
class GroupState {
 public:
  virtual ~GroupState() = default;
  /// Whether this program understands an entry of type records. Asked at start-up about what
  /// earlier runs wrote, before anything is applied; changes nothing. Errors: version (a newer Naru
  /// wrote it), not_implemented (an older one did, in a form that is no longer understood),
  /// corrupt.
  virtual Result<void> check(ByteView payload) const = 0;
  /// The same of bodies that this group and others refer to.
  virtual Result<void> check_bodies(ByteView payload) const = 0;
  /// The only place where applied state changes. Never reads a clock, configuration or chance.
  virtual void apply(std::span<const Entry> committed) = 0;
  /// Entries of this run that were appended with Urgency::later are written, and not yet committed:
  /// the end of the process does not lose them, power loss may. In index order; the same entries
  /// come to apply() later. Entries that were committed at once do not come here.
  virtual void on_written(std::span<const Entry>) {}
  /// Everything that earlier runs wrote was applied. Errors: corrupt (something is missing that it
  /// was to bring: there is no start without it).
  virtual Result<void> check_whole() const { return {}; }
  virtual void on_role(Role role, Term term) = 0;
  /// Replaces the state by a snapshot that a job of begin_snapshot() made in an earlier run.
  /// Errors: as check().
  virtual Result<void> install(Index covers, ByteView snapshot) = 0;
  /// The same, of a snapshot that need not be in memory as a whole. Errors: those of the parts,
  /// too.
  virtual Result<void> install_parts(Index covers, SnapshotParts& parts) {
    ByteBuffer whole;
    while (true) {
      NARU_TRY(part, parts.next());
      if (part.empty()) return install(covers, whole.view());
      whole.append(part);
    }
  }
  /// The journal wants to let go of old files. Null when nothing was applied that a snapshot could
  /// replace.
  virtual std::unique_ptr<SnapshotJob> begin_snapshot() = 0;
  /// Names the parts of an old entry that are still needed: those that hold a live body. Asked when
  /// the journal moves what survives of a file. `payload` is what append() was given, or
  /// append_bodies() for this group and others, stored at `location`; or, when `moved`, a piece of
  /// it that an earlier call named, or several that adjoin each other. Pieces ascend, do not
  /// overlap, and hold all that this call needs to judge them again. A body keeps its location
  /// wherever its piece goes. Changes nothing.
  virtual void survivors(ByteView payload, BodyLocation location, bool moved,
                         std::vector<Piece>& pieces) = 0;
};

/// A run of stored bytes to fetch.
struct BodyRead {
  BodyLocation location;
  std::uint32_t bytes = 0;
};
/// The bytes asked for, in the order asked. What cannot be read, or was not there any more when it
/// was asked for, comes as zeros: whoever reads checks what he gets. There is no error, so that one
/// run of bytes that nobody needs any more says nothing about the others.
using ReadDone = std::move_only_function<void(std::vector<Slice>)>;

/// A piece of the log in memory: bytes [begin, begin + view.size()) of `file`. Immutable while
/// `owner` is held.
struct CachedRun {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  Slice bytes;

  bool contains(BodyLocation at, std::uint32_t size) const {
    return at.file == file && at.offset >= begin &&
           at.offset + std::uint64_t{size} <= begin + std::uint64_t{bytes.view.size()};
  }
  const std::uint8_t* at(BodyLocation where) const {
    return bytes.view.data() + (where.offset - begin);
  }
};

/// How much more is needed of what a file holds; negative: how much less.
struct LiveChange {
  std::int64_t bodies = 0;
  std::int64_t bytes = 0;  // of those bodies

  LiveChange& operator+=(LiveChange other) {
    bodies += other.bodies;
    bytes += other.bytes;
    return *this;
  }
  LiveChange operator-() const { return {-bodies, -bytes}; }
  bool operator==(const LiveChange&) const = default;
};

/// Owned by: the shard it is called on; one Journal object per shard, all of them in front of the
/// one WAL.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Registers the state of a group that this shard owns. Before start-up replay; `state` outlives
  /// the journal's use of it.
  virtual void attach(GroupId group, GroupState& state) = 0;

  /// Appends one entry; durable and applied later, all entries of a turn in one write. The bytes
  /// are copied. Errors: limit (larger than entry_bytes_max), not_owner, io (the volume has
  /// stopped, which the node is told of, and ends). `references` are the offsets, ascending, of
  /// eight bytes each in the payload that become the location of the last append_bodies(): le32
  /// file, le32 offset.
  virtual Result<Position> append(GroupId group, ByteView payload, Urgency urgency = Urgency::now,
                                  std::span<const std::uint32_t> references = {}) = 0;
  /// Appends records that several groups of this shard refer to, so that they are stored once; it
  /// is no entry of any of them, and durable before they are. At once behind it one append() for
  /// each of `groups`, with references, and no other. The bytes are copied. Errors: those of
  /// append().
  virtual Result<void> append_bodies(GroupSet groups, ByteView payload) = 0;
  virtual std::size_t entry_bytes_max() const = 0;
  /// Bytes appended on this shard and not yet committed.
  virtual std::size_t uncommitted_bytes() const = 0;
  /// Of memory that waits to be used again for what this shard appends.
  virtual std::size_t spare_bytes() const { return 0; }

  /// The run of recently written bytes that holds `at`, if it is still in memory.
  virtual std::optional<CachedRun> cached(BodyLocation at) = 0;
  /// Reads bytes back from the files, ordered and joined into larger reads. Done is called in a
  /// later turn. What is needed now stays until it is read, whatever adjust_live() says meanwhile.
  virtual void read(std::span<const BodyRead> wanted, ReadDone done) = 0;
  /// What was read from there is not what was stored, or makes no sense: it is counted and told,
  /// `what` says whose it is. At start-up: the entry being applied cannot follow those before it.
  virtual void report_damage(const BodyRead& where, std::string what) = 0;

  /// Liveness: `change` more (or fewer, when negative) bodies and bytes of bodies in `file` are
  /// needed. Called from apply() and install() only, so that it counts committed facts; but what a
  /// group could only estimate in bytes there, it may make less at any time.
  virtual void adjust_live(std::uint32_t file, LiveChange change) = 0;
};

}  // namespace naru::core
