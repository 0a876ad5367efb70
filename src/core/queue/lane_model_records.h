#pragma once
/// For tests: what the naive model of a lane knows of records and consumers.

#include <cstddef>
#include <cstdint>

namespace naru::core {

inline constexpr std::size_t kNotStaged = SIZE_MAX;

/// What the model knows of one record in one queue.
struct ModelRecord {
  enum class State : std::uint8_t { waiting, leased, returned, ended };
  State state = State::waiting;
  bool logged = false;
  bool seen_ever = false;                // handed out, in this run or an earlier one
  bool seen_now = false;                 // in this run
  std::size_t enqueued_by = kNotStaged;  // entries on disk that surely hold its Enqueue
  std::size_t ended_by = kNotStaged;     // … and its end, when ended
  std::uint32_t holder = 0;
  std::uint64_t seq = 0;
  bool confirmed = false;
};

struct ModelConsumer {
  std::uint64_t queue = 0;
  std::uint32_t prefetch = 0;
  bool no_ack = false;
  std::uint32_t leased = 0;
};

}  // namespace naru::core
