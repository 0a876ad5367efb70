#include "party.h"

namespace naru::faults {

bool Party::on_readable(Millis now) {
  now_ = now;
  const bool read = link_.read(now, [this](const bench::Frame& frame) { on_frame(frame); });
  return kept(read && !gives_up_) && flush();
}

bool Party::on_time(Millis now) {
  now_ = now;
  return kept(link_.on_time(now));
}

bool Party::kept(bool is_kept) {
  if (is_kept) return true;
  const bool orderly = link_.parted();
  link_.down();
  on_lost(orderly);
  return false;
}

}  // namespace naru::faults
