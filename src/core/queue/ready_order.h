#pragma once
/// Which record of a queue is next.

#include <algorithm>
#include <memory>
#include <vector>

#include "core/queue/lane_facts.h"
#include "core/queue/queue_index.h"

namespace naru::core {

/// By seq: a returned record is before everything that has not left yet, since whatever was handed
/// out was the smallest at that time. So the order is what was returned, then a cursor over the
/// rest; where most of what lies behind the cursor is ready again, the cursor goes back instead.
class ReadyOrder {
 public:
  /// The next ready record, which becomes `seq`; null when none is ready, or in memory.
  IndexEntry* peek(QueueIndex& index, Seq& seq) {
    if (returned_ != nullptr) {
      if (IndexEntry* entry = peek_returned(index, seq)) return entry;
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
    if (returned_ != nullptr && returned_->is_first(seq)) {
      pop_returned();
    } else {
      cursor_ = seq.next();
    }
  }

  /// `seq` was handed out and is ready again.
  void put_back(QueueIndex& index, Seq seq);

  /// Sets the cursor back to the first of what was returned, if that is at least half of what the
  /// index has from there to the cursor: then it is found there, and may leave memory again.
  void rewind(QueueIndex& index);

  /// Calls visitor(seq, entry) for the records that peek() will show, in order, while it returns
  /// true.
  template <typename Visitor>
  void preview(QueueIndex& index, Visitor&& visitor) {
    // Only the front of a long one is worth sorting.
    constexpr std::size_t kSorted = 2048;
    if (returned_ != nullptr) {
      bool goes_on = true;
      const bool all = returned_->each_of_first(kSorted, [&](Seq seq) {
        const IndexEntry* entry = index.find(seq);
        if (entry == nullptr || entry->state != RecordState::ready) return true;
        return goes_on = visitor(seq, *entry);
      });
      if (!goes_on || !all) return;
    }
    for (Seq seq = cursor_;; seq = seq.next()) {
      const IndexEntry* entry = index.at_or_after(seq);
      if (entry == nullptr) return;
      if (entry->state == RecordState::ready && !visitor(seq, *entry)) return;
    }
  }

  void clear_returned() { returned_.reset(); }
  /// Every record from here on has not left in this run, or came back to where it was.
  Seq cursor() const { return cursor_; }

 private:
  /// What was returned, as ranges: neighbours that come back one after the other cost as much as
  /// one.
  class Returned {
   public:
    explicit Returned(IndexChunkPool& pool) : pool_(pool) { note(); }
    ~Returned() { pool_.note_returned(counted_, 0); }
    Returned(const Returned&) = delete;
    Returned& operator=(const Returned&) = delete;

    void add(Seq seq);
    /// No more is added to the range that was added to last: afterwards first() is there.
    void seal();
    bool empty() const { return heap_.empty() && !open_; }
    std::uint64_t count() const { return count_; }
    Seq first() const { return heap_.front().first; }
    bool is_first(Seq seq) const { return !heap_.empty() && heap_.front().first == seq; }
    void pop();
    /// Calls use(Seq) for so many, in order, while it returns true. False when there are more.
    template <typename Use>
    bool each_of_first(std::size_t most, Use&& use);
    void disorder(Seq seq);

   private:
    void note();

    IndexChunkPool& pool_;
    std::vector<SeqRange> heap_;  // the smallest in front
    SeqRange last_{};             // not yet in heap_
    bool open_ = false;           // there is such a one
    std::uint64_t count_ = 0;     // seqs
    std::size_t counted_ = 0;     // bytes that the pool knows of
  };

  IndexEntry* peek_returned(QueueIndex& index, Seq& seq);
  void pop_returned();

  std::unique_ptr<Returned> returned_;  // null: nothing is
  Seq cursor_{1};
};

template <typename Use>
bool ReadyOrder::Returned::each_of_first(std::size_t most, Use&& use) {
  seal();
  std::vector<SeqRange> front(std::min(heap_.size(), most));
  std::partial_sort_copy(heap_.begin(), heap_.end(), front.begin(), front.end(),
                         [](const SeqRange& a, const SeqRange& b) { return a.first < b.first; });
  std::size_t used = 0;
  for (const SeqRange& range : front) {
    for (Seq seq = range.first; seq <= range.last; seq = seq.next()) {
      if (used++ == most || !use(seq)) return false;
    }
  }
  return front.size() == heap_.size();
}

}  // namespace naru::core
