// A lane's snapshot: whatever bytes it is made of, the lane installs it or refuses it with an
// error, and what it installed it saves as a snapshot that brings back the same.

#include <cstdint>

#include "tests/fuzz/lane_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru;
  using core::Index;
  fuzz::LoneLane first;
  const auto installed = first.lane.install(Index(7), {data, size});
  if (!installed) {
    NARU_CHECK(!installed.error().what.empty(), "an error says what is wrong");
    return 0;
  }
  first.check_live_bodies();
  if (first.lane.memory().chains_missing != 0) {
    // Replayed entries would bring them. Without them there is no start.
    NARU_CHECK(first.lane.begin_snapshot() == nullptr, "this is the state of no index");
    NARU_CHECK(!first.lane.check_whole(), "who lacks something says so");
    return 0;
  }
  NARU_CHECK(first.lane.check_whole().has_value(), "nothing is missing");
  const auto once = first.saved();
  fuzz::LoneLane second;
  NARU_CHECK(second.lane.install(Index(7), once).has_value(), "what was saved installs");
  NARU_CHECK(second.ready() == first.ready(), "no record more or less");
  NARU_CHECK(second.saved() == once, "saved alike");
  first.take_over();
  return 0;
}
