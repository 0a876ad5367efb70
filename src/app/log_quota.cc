#include "app/log_quota.h"

#include <algorithm>
#include <utility>

namespace naru::app {

LogQuota::Verdict LogQuota::ask(std::string_view cause, TimePoint now) {
  Kind& kind = kinds_[cause.data()];
  kind.full_at = std::max(kind.full_at, now);
  if (kind.full_at - now >= kAtOnce * kOneEach) {
    ++kind.left_out;
    return {};
  }
  kind.full_at += kOneEach;
  return {true, std::exchange(kind.left_out, 0)};
}

}  // namespace naru::app
