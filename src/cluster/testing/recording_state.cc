#include "cluster/testing/recording_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"

namespace naru::cluster::testing {

namespace {

std::uint8_t body_byte(std::uint64_t id, std::size_t at) {
  return static_cast<std::uint8_t>(id * 131 + at * 7 + (at >> 8));
}

std::pair<char, std::uint64_t> read_op(ByteView payload) {
  ByteReader in(payload);
  const char kind = static_cast<char>(in.u8());
  return {kind, in.le64()};
}

/// Whether the log has what was appended; a location was not known then.
bool is_what_was_appended(std::string_view appended, ByteView stored) {
  if (appended.size() != stored.size()) return false;
  std::string bytes(as_text(stored));
  if (!appended.empty() && appended[0] == kRefer)
    bytes.replace(kOpHeadBytes, kLocationBytes, kLocationBytes, '\0');
  return appended == bytes;
}

}  // namespace

std::string make_payload(char kind, std::uint64_t id, std::size_t body_bytes) {
  ByteBuffer out;
  out.u8(static_cast<std::uint8_t>(kind));
  out.le64(id);
  for (std::size_t i = 0; i < body_bytes; ++i) out.u8(body_byte(id, i));
  return std::string(as_text(out.view()));
}

std::string make_reference(std::uint64_t id, std::size_t body_bytes) {
  ByteBuffer out;
  out.u8(static_cast<std::uint8_t>(kRefer));
  out.le64(id);
  out.le64(0);  // the journal's
  out.le32(static_cast<std::uint32_t>(body_bytes));
  return std::string(as_text(out.view()));
}

bool body_matches(std::uint64_t id, ByteView body) {
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != body_byte(id, i)) return false;
  }
  return true;
}

std::vector<std::uint64_t> GroupModel::live_ids() const {
  std::set<std::uint64_t> live;
  for (const Op& op : ops) {
    if (op.term_start) continue;
    const auto [kind, id] = read_op(as_bytes(op.payload));
    if (kind == kEnqueue || kind == kRefer) live.insert(id);
    if (kind == kSettle) live.erase(id);
  }
  return {live.begin(), live.end()};
}

void RecordingState::violation(const std::string& what) {
  violations_.push_back(fmt::format("group {}: {}", group_.value, what));
}

Result<void> RecordingState::check(ByteView payload) const {
  if (read_op(payload).first != kNewer) return {};
  return fail(Errc::version, "what only a newer program knows");
}

void RecordingState::apply(std::span<const core::Entry> committed) {
  for (const core::Entry& entry : committed) apply_one(entry);
  if (owner_) model_.committed = std::max(model_.committed, applied_);
}

void RecordingState::on_written(std::span<const core::Entry> entries) {
  for (const core::Entry& entry : entries) {
    const std::uint64_t index = entry.index.value;
    if (index <= applied_ || index <= model_.written) {
      violation(fmt::format("entry {} is reported as written too late or twice", index));
    }
    if (index > model_.ops.size() ||
        !is_what_was_appended(model_.ops[index - 1].payload, entry.payload)) {
      violation(fmt::format("entry {} is written as something else", index));
    }
    model_.written = index;
  }
}

void RecordingState::apply_one(const core::Entry& entry) {
  const std::uint64_t index = entry.index.value;
  if (index != applied_ + 1) violation(fmt::format("index {} after {}", index, applied_));
  applied_ = index;
  const bool term_start = entry.type == core::EntryType::term_start;
  auto& ops = model_.ops;
  if (term_start && (index > ops.size() || !ops[index - 1].term_start)) {
    // A new term begins behind what was kept; what the crash took is forgotten.
    if (index <= model_.committed) violation(fmt::format("committed entry {} replaced", index));
    if (index > ops.size() + 1) violation(fmt::format("entry {} from nowhere", index));
    ops.resize(index - 1);
    ops.push_back({.term_start = true, .payload = {}});
  }
  if (index > ops.size() || ops[index - 1].term_start != term_start ||
      !is_what_was_appended(ops[index - 1].payload, entry.payload)) {
    return violation(fmt::format("entry {} is not what was appended", index));
  }
  if (term_start) return;
  const auto [kind, id] = read_op(entry.payload);
  if (kind == kEnqueue) {
    enqueue(id, {entry.location.file, entry.location.offset + std::uint32_t{kOpHeadBytes}},
            static_cast<std::uint32_t>(entry.payload.size() - kOpHeadBytes));
  } else if (kind == kRefer) {
    ByteReader in(entry.payload.subspan(kOpHeadBytes));
    core::BodyLocation bodies;
    bodies.file = in.le32();
    bodies.offset = in.le32();
    enqueue(id, {bodies.file, bodies.offset + std::uint32_t{kOpHeadBytes}}, in.le32());
  } else if (const auto found = messages_.find(id); found != messages_.end()) {
    const Message& message = found->second;
    journal_.adjust_live(message.location.file, {-1, -std::int64_t{message.bytes}});
    messages_.erase(found);
  }
}

void RecordingState::enqueue(std::uint64_t id, core::BodyLocation body, std::uint32_t bytes) {
  messages_[id] = {body, bytes};
  journal_.adjust_live(body.file, {1, bytes});
}

void RecordingState::on_role(core::Role role, core::Term term) {
  owner_ = role == core::Role::owner && term.value != 0;
  // From here on clients may see what is applied.
  model_.committed = std::max(model_.committed, applied_);
}

std::string RecordingState::snapshot() const {
  ByteBuffer out;
  out.le64(messages_.size());
  for (const auto& [id, message] : messages_) {
    out.le64(id);
    out.le32(message.location.file);
    out.le32(message.location.offset);
    out.le32(message.bytes);
  }
  return std::string(as_text(out.view()));
}

Result<void> RecordingState::install(core::Index covers, ByteView snapshot) {
  ByteReader in(snapshot);
  const std::uint64_t count = in.le64();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t id = in.le64();
    Message message;
    message.location.file = in.le32();
    message.location.offset = in.le32();
    message.bytes = in.le32();
    messages_[id] = message;
    journal_.adjust_live(message.location.file, {1, message.bytes});
  }
  if (!in.ok() || !in.done()) return fail(Errc::corrupt, "the snapshot makes no sense");
  applied_ = covers.value;
  return {};
}

void RecordingState::survivors(ByteView payload, core::BodyLocation location, bool /*moved*/,
                               std::vector<core::Piece>& pieces) {
  const auto [kind, id] = read_op(payload);
  const auto found = messages_.find(id);
  const core::BodyLocation body{location.file, location.offset + std::uint32_t{kOpHeadBytes}};
  if ((kind == kEnqueue || kind == kBody) && found != messages_.end() &&
      found->second.location == body)
    pieces.push_back({0, static_cast<std::uint32_t>(payload.size())});
}

namespace {
/// Encoded at once, and notes what is asked of it.
class NotingSnapshot final : public core::SnapshotJob {
 public:
  NotingSnapshot(core::WholeSnapshot whole, std::shared_ptr<std::vector<std::size_t>> asked)
      : whole_(std::move(whole)), asked_(std::move(asked)) {}
  core::Index covers() const override { return whole_.covers(); }
  bool next(std::size_t bytes_max, ByteBuffer& out) override {
    asked_->push_back(bytes_max);
    return whole_.next(bytes_max, out);
  }

 private:
  core::WholeSnapshot whole_;
  const std::shared_ptr<std::vector<std::size_t>> asked_;
};
}  // namespace

std::unique_ptr<core::SnapshotJob> RecordingState::begin_snapshot() {
  ++snapshots_wanted_;
  return std::make_unique<NotingSnapshot>(core::WholeSnapshot(core::Index(applied_), snapshot()),
                                          pieces_asked_);
}

}  // namespace naru::cluster::testing
