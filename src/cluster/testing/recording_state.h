#pragma once
/// A tiny state machine over a group's log, and what a test knows of that log across crashes.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal.h"

namespace naru::cluster::testing {

/// The payloads of the tests: kind, id, and for an enqueue a body that follows from the id.
inline constexpr char kEnqueue = 'E';
inline constexpr char kSettle = 'S';
inline constexpr char kNewer = 'N';  // what this program does not know
inline constexpr char kBody = 'B';   // what entries of several groups refer to
inline constexpr char kRefer = 'R';  // an enqueue whose body is there: location, le32 bytes
inline constexpr std::size_t kOpHeadBytes = 9;
inline constexpr std::size_t kLocationBytes = 8;
std::string make_reference(std::uint64_t id, std::size_t body_bytes);
std::string make_payload(char kind, std::uint64_t id, std::size_t body_bytes);
bool body_matches(std::uint64_t id, ByteView body);

/// What the test knows of a group, across crashes.
struct GroupModel {
  struct Op {
    bool term_start = false;
    std::string payload;
  };
  std::vector<Op> ops;           // ops[i] has index i + 1
  std::uint64_t committed = 0;   // largest index that was applied in a run that had recovered
  std::uint64_t written = 0;     // largest index that was reported as written in this run
  bool lacks_something = false;  // its state says so
  std::vector<std::uint64_t> live_ids() const;
};

/// A group's state: messages by id, each with the place of its body.
class RecordingState final : public core::GroupState {
 public:
  struct Message {
    core::BodyLocation location;
    std::uint32_t bytes = 0;
  };

  RecordingState(core::Journal& journal, core::GroupId group, GroupModel& model,
                 std::vector<std::string>& violations)
      : journal_(journal), group_(group), model_(model), violations_(violations) {}

  Result<void> check(ByteView payload) const override;
  Result<void> check_bodies(ByteView payload) const override { return check(payload); }
  void apply(std::span<const core::Entry> committed) override;
  void on_written(std::span<const core::Entry> entries) override;
  Result<void> check_whole() const override {
    return model_.lacks_something ? fail(Errc::corrupt, "a message without its body")
                                  : Result<void>();
  }
  void on_role(core::Role role, core::Term term) override;
  Result<void> install(core::Index covers, ByteView snapshot) override;
  std::unique_ptr<core::SnapshotJob> begin_snapshot() override;
  void survivors(ByteView payload, core::BodyLocation location, bool moved,
                 std::vector<core::Piece>& pieces) override;

  std::uint64_t applied() const { return applied_; }
  bool owner() const { return owner_; }
  std::uint64_t snapshots_wanted() const { return snapshots_wanted_; }
  /// How many bytes each piece of a snapshot was to have at most.
  const std::vector<std::size_t>& pieces_asked() const { return *pieces_asked_; }
  const std::map<std::uint64_t, Message>& messages() const { return messages_; }
  std::string snapshot() const;

 private:
  void apply_one(const core::Entry& entry);
  void enqueue(std::uint64_t id, core::BodyLocation body, std::uint32_t bytes);
  void violation(const std::string& what);

  core::Journal& journal_;
  core::GroupId group_;
  GroupModel& model_;
  std::vector<std::string>& violations_;
  std::map<std::uint64_t, Message> messages_;
  std::uint64_t applied_ = 0;
  std::uint64_t snapshots_wanted_ = 0;
  const std::shared_ptr<std::vector<std::size_t>> pieces_asked_ =
      std::make_shared<std::vector<std::size_t>>();
  bool owner_ = false;
};

}  // namespace naru::cluster::testing
