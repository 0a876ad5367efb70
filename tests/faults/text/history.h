#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text.h"

namespace naru::faults {

inline constexpr std::size_t kPublishers = 4;
inline constexpr std::size_t kQueues = 2;

/// What became of a line, as its publisher sees it.
enum class Outcome : std::uint8_t {
  unsent,
  sent,     // no answer yet
  ok,       // confirmed: it must arrive
  failed,   // refused: it must not arrive
  unknown,  // the connection was lost before the answer: it may arrive
};

/// Names a line in a message: the round, its publisher, its number among that publisher's lines.
struct LineId {
  std::uint32_t round = 0;
  std::size_t publisher = 0;
  std::size_t number = 0;

  std::string text() const;
  static std::optional<LineId> parse(std::string_view text);
};

/// Where a publisher's lines go: its queue never changes, so order can be checked in each.
constexpr std::size_t queue_of(std::size_t publisher) {
  return publisher % kQueues;
}

/// A consumer's view of one connection: the last line it got of each publisher.
struct Session {
  std::array<std::optional<std::size_t>, kPublishers> last{};
};

struct Delivery {
  std::string_view message_id;
  std::string_view body;
  std::size_t queue = 0;
  bool redelivered = false;
};

struct Counts {
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t unknown_arrived = 0;
  std::uint64_t duplicates = 0;          // lines that arrived again, flagged
  std::uint64_t flagged_needlessly = 0;  // flagged although this was the first time: allowed
};

/// What was published and what arrived in one round, and every way in which the two disagree.
/// Line n of publisher p is line n * kPublishers + p of the text.
class History {
 public:
  History(const Text& text, std::uint32_t round);

  std::size_t lines_of(std::size_t publisher) const { return outcomes_[publisher].size(); }
  std::string_view line(std::size_t publisher, std::size_t number) const {
    return text_.line(number * kPublishers + publisher);
  }
  Outcome outcome(std::size_t publisher, std::size_t number) const {
    return outcomes_[publisher][number];
  }
  void set_outcome(std::size_t publisher, std::size_t number, Outcome outcome);

  /// Checks and counts one delivery; `session` is the one of the connection it came over.
  void on_delivery(Session& session, const Delivery& delivery);

  std::uint64_t confirmed() const { return confirmed_; }
  /// Confirmed lines that have not arrived yet.
  std::uint64_t missing() const { return missing_; }

  /// After the queues were drained: reports what is lost. Call once.
  void finish();
  Counts counts() const;
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t violation_count() const { return violation_count_; }

 private:
  void violation(std::string text);
  void check_duplicate(const LineId& id, bool redelivered);
  void check_order(Session& session, const LineId& id);

  const Text& text_;
  std::uint32_t round_;
  std::array<std::vector<Outcome>, kPublishers> outcomes_;
  std::array<std::vector<std::uint8_t>, kPublishers> arrivals_;  // saturating
  std::uint64_t confirmed_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t flagged_needlessly_ = 0;
  std::uint64_t violation_count_ = 0;
  std::vector<std::string> violations_;  // the first few
};

}  // namespace naru::faults
