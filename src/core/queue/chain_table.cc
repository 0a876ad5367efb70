#include "core/queue/chain_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::core {

namespace {

constexpr std::uint8_t kClosed = 1;
constexpr std::size_t kTermShift = 32;

/// Ascending places in the log, each relative to the one before.
class PieceWriter {
 public:
  explicit PieceWriter(ByteBuffer& out) : out_(out) {}
  void put(const BodyRead& piece) {
    out_.varint(zigzag(std::int64_t{piece.location.file} - file_));
    out_.varint(zigzag(std::int64_t{piece.location.offset} - end_));
    out_.varint(piece.bytes);
    file_ = piece.location.file;
    end_ = std::int64_t{piece.location.offset} + piece.bytes;
  }

 private:
  ByteBuffer& out_;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

class PieceReader {
 public:
  explicit PieceReader(ByteReader& in) : in_(in) {}
  bool next(BodyRead& piece) {
    const std::int64_t file_step = unzigzag(in_.varint());
    const std::int64_t offset_step = unzigzag(in_.varint());
    const std::uint64_t bytes = in_.varint();
    constexpr std::int64_t kStepMax = std::int64_t{1} << 33;
    const auto is_step = [](std::int64_t step) { return step >= -kStepMax && step <= kStepMax; };
    if (!in_.ok() || !is_step(file_step) || !is_step(offset_step)) return false;
    file_ += file_step;
    const std::int64_t offset = end_ + offset_step;
    if (file_ < 1 || file_ > UINT32_MAX || offset < kBodyCrcBytes || offset > UINT32_MAX ||
        bytes == 0 || bytes > UINT32_MAX - kBodyCrcBytes)
      return false;
    piece = {{static_cast<std::uint32_t>(file_), static_cast<std::uint32_t>(offset)},
             static_cast<std::uint32_t>(bytes)};
    end_ = offset + static_cast<std::int64_t>(bytes);
    return true;
  }

 private:
  ByteReader& in_;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace

void ChainTable::begin_term(Term term) {
  NARU_CHECK(term.value >> kTermShift == 0, "terms are counted, one for each start");
  last_id_ = std::max(last_id_, ChainId(term.value << kTermShift));
}

ChainTable::Chain* ChainTable::chain_of(ChainId id) const {
  const auto found = chains_.find(id);
  return found == chains_.end() ? nullptr : found->second.get();
}

const ChainTable::BodyPtr* ChainTable::find(ChainId id) const {
  const Chain* chain = chain_of(id);
  return chain == nullptr ? nullptr : &chain->shared;
}

ChainTable::Chain& ChainTable::chain_at(ChainId id) {
  std::unique_ptr<Chain>& chain = chains_[id];
  if (chain == nullptr) {
    chain = std::make_unique<Chain>();
    chain->body = std::make_shared<StoredBody>();
    chain->body->id = id;
    chain->shared = chain->body;
    last_id_ = std::max(last_id_, id);
  }
  return *chain;
}

bool ChainTable::add(ChainId id, const BodyRead& part, LiveTally& live) {
  Chain& chain = chain_at(id);
  if (!chain.open && !NARU_MUTANT(visible_before_last_fragment)) return false;
  chain.body->parts.push_back(part);
  chain.bytes += part.bytes;
  live.add(part.location.file, part.bytes);
  ++pieces_;
  return true;
}

bool ChainTable::close(ChainId id, const BodyRead& head, std::uint64_t body_bytes,
                       LiveTally& live) {
  Chain* chain = chain_of(id);
  if (chain == nullptr) return false;
  if (!chain->open) return chain->body->bytes == body_bytes;
  if (chain->bytes != body_bytes && !NARU_MUTANT(visible_before_last_fragment)) return false;
  if (chain->missing()) {
    if (head.bytes + body_bytes != chain->record_bytes) return false;
    --missing_;
  }
  chain->open = false;
  chain->body->head = head;
  chain->body->bytes = body_bytes;
  live.add(head.location.file, head.bytes);
  ++pieces_;
  list(*chain);  // until a queue has it, or has it still
  return true;
}

bool ChainTable::use(ChainId id) {
  Chain* chain = chain_of(id);
  if (chain == nullptr || chain->open) return false;
  ++chain->uses;
  ++uses_;
  return true;
}

bool ChainTable::expect(ChainId id, std::uint32_t record_bytes, bool may_come) {
  if (id.value == 0 || id.value == UINT64_MAX) return false;
  Chain& chain = chain_at(id);
  if (chain.open && !may_come) return false;
  if (!chain.open && chain.body->head.bytes + chain.body->bytes != record_bytes) return false;
  if (chain.missing() && chain.record_bytes != record_bytes) return false;
  chain.record_bytes = record_bytes;
  if (chain.open && chain.uses == 0) ++missing_;
  ++chain.uses;
  ++uses_;
  return true;
}

void ChainTable::unuse(ChainId id) {
  Chain* chain = chain_of(id);
  NARU_CHECK(chain != nullptr && chain->uses > 0, "a body is needed until its records are gone");
  --uses_;
  if (--chain->uses != 0) return;
  if (!chain->open) return list(*chain);
  --missing_;
  if (chain->body->parts.empty()) chains_.erase(id);
}

void ChainTable::list(Chain& chain) {
  if (std::exchange(chain.listed, true)) return;
  unused_.push_back(chain.body->id);
}

void ChainTable::let_go_of_pieces(const Chain& chain, LiveTally& live) {
  for (const BodyRead& part : chain.body->parts) live.remove(part.location.file, part.bytes);
  pieces_ -= chain.body->parts.size();
  if (chain.open) return;
  live.remove(chain.body->head.location.file, chain.body->head.bytes);
  --pieces_;
}

void ChainTable::forget(Chain& chain, LiveTally& live) {
  let_go_of_pieces(chain, live);
  chains_.erase(chain.body->id);
}

// One of which nothing came may be of a later term.
void ChainTable::drop_open(LiveTally& live) {
  std::vector<Chain*> open;
  for (auto& [id, chain] : chains_) {
    if (chain->open && !chain->body->parts.empty()) open.push_back(chain.get());
  }
  for (Chain* chain : open) {
    if (!chain->missing()) {
      forget(*chain, live);
      continue;
    }
    let_go_of_pieces(*chain, live);
    auto nothing = std::make_shared<StoredBody>();
    nothing->id = chain->body->id;
    chain->body = std::move(nothing);
    chain->shared = chain->body;
    chain->bytes = 0;
  }
}

// `body` and `shared` are ours; every reader is one more. Who reads got it here, and nobody can get
// it any more.
void ChainTable::sweep(LiveTally& live) {
  std::erase_if(unused_, [&](ChainId id) {
    Chain& chain = *chain_of(id);
    if (chain.uses == 0 && chain.body.use_count() > 2) return false;
    chain.listed = false;
    if (chain.uses == 0) forget(chain, live);
    return true;
  });
}

bool ChainTable::has_part(ChainId id, BodyLocation part) const {
  const Chain* chain = chain_of(id);
  if (chain == nullptr) return false;
  const auto& parts = chain->body->parts;
  const auto found = std::ranges::lower_bound(parts, part, {}, &BodyRead::location);
  return found != parts.end() && found->location == part;
}

std::size_t ChainTable::bytes() const {
  constexpr std::size_t kEach = sizeof(Chain) + sizeof(StoredBody) + 64;
  return chains_.size() * kEach + pieces_ * sizeof(BodyRead);
}

std::vector<ChainTable::Saved> ChainTable::save() const {
  std::vector<Saved> saved;
  for (const auto& [id, chain] : chains_) {
    const std::size_t parts = chain->body->parts.size();
    if (parts != 0 && (chain->open || chain->uses != 0))
      saved.push_back({chain->shared, parts, !chain->open});
  }
  std::ranges::sort(saved, {}, [](const Saved& chain) { return chain.body->id; });
  return saved;
}

void ChainWriter::put(const ChainTable::Saved& chain) {
  const StoredBody& body = *chain.body;
  out_.varint(body.id.value - after_);
  after_ = body.id.value + 1;
  out_.u8(chain.closed ? kClosed : 0);
  PieceWriter pieces(out_);
  if (chain.closed) pieces.put(body.head);
  const std::size_t count =
      chain.parts - (NARU_MUTANT(drop_fragment_at_snapshot) && chain.closed ? 1 : 0);
  out_.varint(count);
  for (std::size_t at = 0; at < count; ++at) pieces.put(body.parts[at]);
}

bool ChainTable::install(ByteReader& in, LiveTally& live) {
  std::uint64_t after = 0;
  while (in.ok() && !in.done()) {
    const std::uint64_t id = after + in.varint();
    const std::uint8_t flags = in.u8();
    if (!in.ok() || id < after || id == 0 || id == UINT64_MAX || (flags & ~kClosed) != 0 ||
        chain_of(ChainId(id)) != nullptr)
      return false;
    after = id + 1;
    PieceReader pieces(in);
    BodyRead head;
    const bool closed = (flags & kClosed) != 0;
    if (closed && !pieces.next(head)) return false;
    std::uint64_t parts = in.varint();
    if (parts == 0) return false;
    BodyLocation before;
    for (BodyRead part; parts > 0; --parts) {
      if (!pieces.next(part) || part.location <= before) return false;
      before = part.location;
      if (!add(ChainId(id), part, live)) return false;
    }
    const Chain& chain = *chain_of(ChainId(id));
    if (chain.bytes + head.bytes > UINT32_MAX - kBodyCrcBytes) return false;
    if (closed && !close(ChainId(id), head, chain.bytes, live)) return false;
  }
  return in.ok();
}

}  // namespace naru::core
