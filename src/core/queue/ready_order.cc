#include "core/queue/ready_order.h"

#include <utility>

#include "base/mutant.h"

namespace naru::core {

namespace {

bool is_later(const SeqRange& a, const SeqRange& b) {
  return a.first > b.first;
}

}  // namespace

void ReadyOrder::Returned::add(Seq seq) {
  ++count_;
  if (open_ && last_.last.next() == seq) {
    last_.last = seq;
  } else if (open_ && seq.next() == last_.first) {
    last_.first = seq;
  } else {
    seal();
    last_ = {seq, seq};
    open_ = true;
  }
}

void ReadyOrder::Returned::seal() {
  if (!open_) return;
  open_ = false;
  heap_.push_back(last_);
  std::push_heap(heap_.begin(), heap_.end(), is_later);
  note();
}

// Ranges do not overlap: one that lost its first is still the smallest.
void ReadyOrder::Returned::pop() {
  --count_;
  SeqRange& front = heap_.front();
  if (front.first != front.last) {
    front.first = front.first.next();
    return;
  }
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  heap_.pop_back();
}

void ReadyOrder::Returned::disorder(Seq seq) {
  ++count_;
  seal();
  heap_.insert(heap_.begin(), {seq, seq});
}

void ReadyOrder::Returned::note() {
  const std::size_t held = sizeof *this + heap_.capacity() * sizeof(SeqRange);
  pool_.note_returned(std::exchange(counted_, held), held);
}

IndexEntry* ReadyOrder::peek_returned(QueueIndex& index, Seq& seq) {
  returned_->seal();
  while (returned_ != nullptr) {
    seq = returned_->first();
    IndexEntry* entry = index.find(seq);
    if (entry != nullptr && entry->state == RecordState::ready) return entry;
    pop_returned();  // purged in the meantime
  }
  return nullptr;
}

void ReadyOrder::pop_returned() {
  returned_->pop();
  if (returned_->empty()) returned_.reset();
}

void ReadyOrder::put_back(QueueIndex& index, Seq seq) {
  if (seq >= cursor_) return;  // the cursor will come to it
  if (returned_ == nullptr) returned_ = std::make_unique<Returned>(index.pool());
  if (NARU_MUTANT(requeue_out_of_order)) return returned_->disorder(seq);
  returned_->add(seq);
}

void ReadyOrder::rewind(QueueIndex& index) {
  if (returned_ == nullptr) return;
  returned_->seal();
  const Seq first = returned_->first();
  if (returned_->count() < index.records_between(first, cursor_) / 2) return;
  cursor_ = first;
  returned_.reset();
}

}  // namespace naru::core
