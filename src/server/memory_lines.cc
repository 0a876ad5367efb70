#include "server/memory_lines.h"

#include <fmt/format.h>

#include <string>

namespace naru::server {

namespace {

std::string how_often(std::uint64_t times) {
  return times <= 1 ? std::string() : fmt::format(" ({} times since this was said last)", times);
}

}  // namespace

bool MemoryLines::Fact::look(bool so, TimePoint now) {
  if (so && !is_so) {
    ++times;
    told = false;
  }
  is_so = so;
  if (!so || told || now < next) return false;
  told = true;
  next = now + kBetween;
  return true;
}

void MemoryLines::look(core::MemoryStep step, Use use, TimePoint now) {
  const std::uint64_t used = use.bytes >> 20;
  const std::uint64_t limit = use.limit_bytes >> 20;
  if (waits_.look(step >= core::MemoryStep::stop, now)) {
    log_.warn("low on memory: {} MiB of {} are used; publishers wait{}", used, limit,
              how_often(waits_.take_times()));
  } else if (!waits_.is_so && std::exchange(waits_.told, false)) {
    log_.info("{} MiB of {} of memory are used; publishers go on", used, limit);
  }
  if (refuses_.look(step == core::MemoryStep::refuse, now)) {
    log_.warn(
        "memory is at its limit: {} MiB of {} are used; nothing new is made, neither queues "
        "nor exchanges, bindings or further connections{}",
        used, limit, how_often(refuses_.take_times()));
  }
  if (std::exchange(step_, step) != step) {
    log_.debug("{} MiB of {} of memory are used: {}", used, limit, to_string(step));
  }
}

}  // namespace naru::server
