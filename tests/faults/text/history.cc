#include "history.h"

#include <charconv>
#include <utility>

namespace naru::faults {
namespace {

constexpr std::size_t kViolationsKept = 10;

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string LineId::text() const {
  return std::to_string(round) + '.' + std::to_string(publisher) + '.' + std::to_string(number);
}

std::optional<LineId> LineId::parse(std::string_view text) {
  LineId id;
  if (take_number(text, id.round) && take_dot(text) && take_number(text, id.publisher) &&
      take_dot(text) && take_number(text, id.number) && text.empty()) {
    return id;
  }
  return std::nullopt;
}

History::History(const Text& text, std::uint32_t round) : text_(text), round_(round) {
  for (std::size_t publisher = 0; publisher < kPublishers; ++publisher) {
    const std::size_t count = (text.line_count() + kPublishers - 1 - publisher) / kPublishers;
    outcomes_[publisher].resize(count, Outcome::unsent);
    arrivals_[publisher].resize(count, 0);
  }
}

void History::set_outcome(std::size_t publisher, std::size_t number, Outcome outcome) {
  Outcome& known = outcomes_[publisher][number];
  const bool arrived = arrivals_[publisher][number] > 0;
  if (outcome != Outcome::sent && known != Outcome::sent) {
    violation("line " + LineId{round_, publisher, number}.text() + " was answered twice");
  }
  known = outcome;
  if (outcome == Outcome::ok) {
    ++confirmed_;
    if (!arrived) ++missing_;
  }
  if (outcome == Outcome::failed && arrived) {
    violation("line " + LineId{round_, publisher, number}.text() + " was refused and arrived");
  }
}

void History::on_delivery(Session& session, const Delivery& delivery) {
  const auto id = LineId::parse(delivery.message_id);
  if (!id || id->publisher >= kPublishers || id->number >= lines_of(id->publisher) ||
      id->round != round_) {
    violation("a message nobody sent in this round: " + std::string(delivery.message_id));
    return;
  }
  if (delivery.queue != queue_of(id->publisher)) violation(id->text() + " is in the wrong queue");
  if (delivery.body != line(id->publisher, id->number)) violation(id->text() + " has another body");
  const Outcome known = outcome(id->publisher, id->number);
  if (known == Outcome::unsent) violation(id->text() + " arrived before it was sent");
  if (known == Outcome::failed) violation(id->text() + " was refused and arrived");
  check_duplicate(*id, delivery.redelivered);
  check_order(session, *id);
}

void History::check_duplicate(const LineId& id, bool redelivered) {
  std::uint8_t& arrivals = arrivals_[id.publisher][id.number];
  if (arrivals == 0) {
    if (redelivered) ++flagged_needlessly_;
    if (outcome(id.publisher, id.number) == Outcome::ok) --missing_;
  } else {
    ++duplicates_;
    if (!redelivered) violation(id.text() + " arrived again without the redelivered flag");
  }
  if (arrivals < 255) ++arrivals;
}

// Whatever returns to a queue takes its old place, so what one connection gets of one publisher
// only ever goes up, repetitions after a restart included.
void History::check_order(Session& session, const LineId& id) {
  auto& last = session.last[id.publisher];
  if (last && *last >= id.number) {
    violation(id.text() + " came after line " + std::to_string(*last) + " of its publisher");
  }
  last = id.number;
}

void History::finish() {
  for (std::size_t publisher = 0; publisher < kPublishers; ++publisher) {
    for (std::size_t number = 0; number < lines_of(publisher); ++number) {
      const Outcome known = outcome(publisher, number);
      const LineId id{round_, publisher, number};
      if (known == Outcome::ok && arrivals_[publisher][number] == 0) {
        violation(id.text() + " was confirmed and is lost");
      }
      if (known == Outcome::unsent || known == Outcome::sent) {
        violation(id.text() + " was never published or never answered");
      }
    }
  }
}

Counts History::counts() const {
  Counts counts{
      .ok = confirmed_, .duplicates = duplicates_, .flagged_needlessly = flagged_needlessly_};
  for (std::size_t publisher = 0; publisher < kPublishers; ++publisher) {
    for (std::size_t number = 0; number < lines_of(publisher); ++number) {
      const Outcome known = outcome(publisher, number);
      if (known == Outcome::failed) ++counts.failed;
      if (known != Outcome::unknown) continue;
      ++counts.unknown;
      if (arrivals_[publisher][number] > 0) ++counts.unknown_arrived;
    }
  }
  return counts;
}

void History::violation(std::string text) {
  ++violation_count_;
  if (violations_.size() < kViolationsKept) violations_.push_back(std::move(text));
}

}  // namespace naru::faults
