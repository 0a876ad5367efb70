// What is not about one message alone: transactions, and how many messages a queue holds.

#include <algorithm>
#include <utility>

#include "history.h"

namespace naru::faults {
namespace {

constexpr std::uint16_t kForGood = 0xFFFF;  // no crash comes after this epoch

}  // namespace

std::size_t History::queue_of(CopyRef ref) const {
  const std::size_t copies = copies_of(ref.publisher);
  return copies > 1 ? ref.slot % copies : source_.queue(ref.publisher, ref.slot);
}

bool History::may_come_back(const Copy& copy) const {
  return crashes_.size() > copy.acked_epoch || lost_sessions_.contains(copy.session);
}

void History::in_doubt(InDoubt transaction) {
  ++counts_.in_doubt;
  Doubt doubt{std::move(transaction.published), {}};
  for (const CopyRef ref : transaction.acknowledged) {
    doubt.acknowledged.push_back({ref, at(ref).arrivals});
  }
  doubts_.push_back(std::move(doubt));
}

// A queue's share of a transaction is in one entry of its lane. That it happened is seen by a
// message that arrived; that it did not, by one that is missing in the emptied queue, and by an
// acknowledged one that came back.
void History::finish_doubt(const Doubt& doubt) {
  for (std::size_t queue = 0; queue < shape_.queues; ++queue) {
    std::string happened;
    std::string did_not;
    for (const CopyRef ref : doubt.published) {
      if (queue_of(ref) != queue) continue;
      const bool arrived = at(ref).arrivals > 0;
      if (arrived) happened = name_of(ref) + " arrived";
      if (!arrived && source_.persistent(ref.publisher, id_of(ref).number)) {
        did_not = name_of(ref) + " did not arrive";
      }
    }
    for (const auto& [ref, arrivals] : doubt.acknowledged) {
      if (queue_of(ref) == queue && at(ref).arrivals > arrivals) {
        did_not = name_of(ref) + " came back";
      }
    }
    if (!happened.empty() && !did_not.empty()) {
      violation("half of a transaction happened: " + happened + ", and " + did_not);
    }
  }
}

std::string History::misfit(const std::vector<std::uint64_t>& lengths) const {
  std::vector<std::uint64_t> least(shape_.queues);
  std::vector<std::uint64_t> most(shape_.queues);
  for (std::size_t publisher = 0; publisher < shape_.publishers; ++publisher) {
    for (std::size_t slot = 0; slot < copies_[publisher].size(); ++slot) {
      const CopyRef ref{publisher, slot};
      const Copy& copy = copies_[publisher][slot];
      const std::size_t queue = queue_of(ref);
      const bool must = must_arrive(copy) && !copy.acked && !may_be_gone(ref);
      const bool may =
          copy.acked ? may_come_back(copy) : must_arrive(copy) || copy.outcome == Outcome::unknown;
      least[queue] += must ? 1 : 0;
      most[queue] += may ? 1 : 0;
    }
  }
  std::string wrong;
  for (std::size_t queue = 0; queue < shape_.queues; ++queue) {
    const std::uint64_t length = queue < lengths.size() ? lengths[queue] : 0;
    if (length >= least[queue] && length <= most[queue]) continue;
    wrong += "queue " + std::to_string(queue) + " holds " + std::to_string(length) +
             " messages, and not " + std::to_string(least[queue]) + " to " +
             std::to_string(most[queue]) + "; ";
  }
  return wrong;
}

// What was acknowledged in this run of the broker may not be on disk yet.
void History::emptied() {
  for (auto& copies : copies_) {
    for (Copy& copy : copies) {
      if (!copy.acked) continue;
      if (crashes_.size() > copy.acked_epoch) copy.acked_epoch = kForGood;
      copy.session = 0;
    }
  }
}

}  // namespace naru::faults
