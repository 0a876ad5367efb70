#pragma once
/// Which record of a queue is next.

#include <algorithm>
#include <functional>
#include <vector>

#include "core/queue/queue_index.h"

namespace naru::core {

/// By seq: a returned record is before everything that has not left yet, since whatever was handed
/// out was the smallest at that time. So the order is a heap of the returned ones, then a cursor
/// over the rest.
class ReadyOrder {
 public:
  /// The next ready record, which becomes `seq`; null when none is ready, or in memory.
  IndexEntry* peek(QueueIndex& index, Seq& seq) {
    while (!returned_.empty()) {
      seq = returned_.front();
      IndexEntry* entry = index.find(seq);
      if (entry != nullptr && entry->state == RecordState::ready) return entry;
      pop_returned();  // purged in the meantime
    }
    seq = cursor_;
    while (IndexEntry* entry = index.at_or_after(seq)) {
      if (entry->state == RecordState::ready) {
        cursor_ = seq;
        return entry;
      }
      seq = seq.next();
      cursor_ = seq;
    }
    return nullptr;
  }

  /// The page that is next where peek() showed nothing: null when nothing is there.
  IndexPage* peek_page(QueueIndex& index) const {
    return index.pages_out() == 0 ? nullptr : index.page_at_or_after(cursor_);
  }

  /// Takes out what peek() showed as `seq`.
  void pop(Seq seq) {
    if (!returned_.empty() && returned_.front() == seq) {
      pop_returned();
    } else {
      cursor_ = seq.next();
    }
  }

  /// `seq` was handed out and is ready again.
  void put_back(Seq seq);

  /// Calls visitor(seq, entry) for the records that peek() will show, in order, while it returns
  /// true.
  template <typename Visitor>
  void preview(QueueIndex& index, Visitor&& visitor) {
    // Only the front of a long one is worth sorting.
    constexpr std::size_t kSorted = 2048;
    std::vector<Seq> front(std::min(returned_.size(), kSorted));
    std::partial_sort_copy(returned_.begin(), returned_.end(), front.begin(), front.end());
    for (const Seq seq : front) {
      const IndexEntry* entry = index.find(seq);
      if (entry == nullptr || entry->state != RecordState::ready) continue;
      if (!visitor(seq, *entry)) return;
    }
    if (returned_.size() > kSorted) return;
    for (Seq seq = cursor_;; seq = seq.next()) {
      const IndexEntry* entry = index.at_or_after(seq);
      if (entry == nullptr) return;
      if (entry->state == RecordState::ready && !visitor(seq, *entry)) return;
    }
  }

  void clear_returned() { returned_.clear(); }
  /// Every record from here on has not left in this run.
  Seq cursor() const { return cursor_; }

 private:
  void pop_returned() {
    std::pop_heap(returned_.begin(), returned_.end(), std::greater<>());
    returned_.pop_back();
  }

  std::vector<Seq> returned_;
  Seq cursor_{1};
};

}  // namespace naru::core
