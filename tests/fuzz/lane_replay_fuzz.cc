// A lane's entries as a start applies them, one by one: each whole and readable, but whoever wrote
// them may have been of no sound mind. The lane refuses what cannot follow what came before, or has
// a state that it can save, and go on from.
//
//   input   entry…
//   entry   u8 kind (1 a term begins here; else records) · le32 bytes · bytes

#include <cstdint>

#include "base/byte_reader.h"
#include "core/queue/lane_facts.h"
#include "tests/fuzz/lane_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru;
  constexpr std::uint8_t kTermStart = 1;
  fuzz::LoneLane world;
  ByteReader in(ByteView(data, size));
  std::uint64_t index = 0;
  while (!in.done()) {
    const bool begins = in.u8() == kTermStart;
    const ByteView payload = in.bytes(in.le32());
    if (!in.ok()) break;
    if (!begins && !world.lane.check(payload)) return 0;
    const auto offset = static_cast<std::uint32_t>(payload.data() - data);
    const core::Entry entry{.group = core::GroupId(3),
                            .term = core::Term(1),
                            .index = core::Index(++index),
                            .type = begins ? core::EntryType::term_start : core::EntryType::records,
                            .payload = payload,
                            .location = {1, offset}};
    world.lane.apply({&entry, 1});
    if (!world.journal.damage.empty()) return 0;  // refused
  }
  if (index == 0) return 0;
  world.check_live_bodies();
  const auto once = world.saved();
  fuzz::LoneLane again;
  NARU_CHECK(again.lane.install(core::Index(index), once).has_value(), "what was saved installs");
  NARU_CHECK(again.ready() == world.ready(), "no record more or less");
  world.take_over();
  return 0;
}
