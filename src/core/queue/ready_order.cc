#include "core/queue/ready_order.h"

#include "base/mutant.h"

namespace naru::core {

void ReadyOrder::put_back(Seq seq) {
  if (seq >= cursor_) return;  // the cursor will come to it
  if (NARU_MUTANT(requeue_out_of_order)) {
    returned_.insert(returned_.begin(), seq);
    return;
  }
  returned_.push_back(seq);
  std::push_heap(returned_.begin(), returned_.end(), std::greater<>());
}

}  // namespace naru::core
