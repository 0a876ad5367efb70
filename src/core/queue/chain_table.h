#pragma once
/// The large bodies of a lane: which fragments make up each, and who still needs them.

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "core/queue/live_tally.h"
#include "core/queue/record_place.h"
#include "core/stored_body.h"

namespace naru::core {

/// Applied state, but for who is reading. A chain is open while its fragments come, closed when the
/// record that it belongs to is there, and goes when no queue has that any more and nobody reads
/// it. While entries are replayed on a snapshot whose queues are ahead of them, one may be needed
/// that is open, or of which nothing came yet: it is missing until it is closed.
class ChainTable {
 public:
  using BodyPtr = std::shared_ptr<const StoredBody>;

  /// A chain as a snapshot says it: as it was when it was looked at, whatever comes of it.
  struct Saved {
    BodyPtr body;  // and in the log as long as this is held
    std::size_t parts = 0;
    bool closed = false;
  };

  /// An id that no chain of this lane ever had.
  ChainId next_id() { return last_id_ = last_id_.next(); }
  /// The owner's ids of `term` are above those of all terms before.
  void begin_term(Term term);

  // ---- Applying ----
  /// The next fragment of `chain` is in the log. False: the chain is closed.
  bool add(ChainId chain, const BodyRead& part, LiveTally& live);
  /// The record is in the log; again, when it went to very many queues. False when the fragments
  /// are not what it says, or the record not what a snapshot said of it.
  bool close(ChainId chain, const BodyRead& head, std::uint64_t body_bytes, LiveTally& live);
  /// One more queue has the record. False when there is no such chain.
  bool use(ChainId chain);
  /// The same, as a snapshot says. False when it says another size, or when the chain is not
  /// closed, but `may_come` with the entries behind.
  bool expect(ChainId chain, std::uint32_t record_bytes, bool may_come);
  /// One fewer.
  void unuse(ChainId chain);
  /// Open chains will not be closed any more: their owner's term is over. Of one that is needed all
  /// the same nothing stays but that.
  void drop_open(LiveTally& live);
  /// Lets go of what nobody needs.
  void sweep(LiveTally& live);
  bool has_unused() const { return !unused_.empty(); }
  /// Chains that a queue has and that are not closed: none when all was replayed.
  std::size_t missing() const { return missing_; }

  /// Null when there is none. The pointer is valid until the next sweep.
  const BodyPtr* find(ChainId chain) const;
  /// Whether the fragment there belongs to a chain that is needed.
  bool has_part(ChainId chain, BodyLocation part) const;

  // ---- Snapshots (docs/formats/lane.md) ----
  /// All but those that are only read any more, by ascending id.
  std::vector<Saved> save() const;
  /// The chains of one section. False when the bytes are none, or say again what is there.
  bool install(ByteReader& in, LiveTally& live);

  // ---- For figures ----
  std::uint64_t uses() const { return uses_; }
  /// Pieces in the log: heads and fragments.
  std::uint64_t pieces() const { return pieces_; }
  std::size_t bytes() const;

 private:
  struct Chain {
    std::shared_ptr<StoredBody> body;
    BodyPtr shared;           // the same, as it is handed out
    std::uint64_t bytes = 0;  // of the parts so far
    std::uint32_t uses = 0;
    std::uint32_t record_bytes = 0;  // as expected, when it is missing
    bool open = true;
    bool listed = false;  // in unused_
    bool missing() const { return open && uses != 0; }
  };
  Chain* chain_of(ChainId id) const;
  Chain& chain_at(ChainId id);
  void let_go_of_pieces(const Chain& chain, LiveTally& live);
  void list(Chain& chain);
  void forget(Chain& chain, LiveTally& live);

  boost::unordered_flat_map<ChainId, std::unique_ptr<Chain>> chains_;
  std::vector<ChainId> unused_;
  std::uint64_t uses_ = 0;
  std::uint64_t pieces_ = 0;
  std::size_t missing_ = 0;
  ChainId last_id_;
};

/// Writes chains of a snapshot: ascending, within one section.
class ChainWriter {
 public:
  explicit ChainWriter(ByteBuffer& out) : out_(out) {}
  void put(const ChainTable::Saved& chain);

 private:
  ByteBuffer& out_;
  std::uint64_t after_ = 0;
};

}  // namespace naru::core
