#include "tests/sim/faults.h"

#include <array>

namespace naru::sim {

using storage::testing::DiskOperation;

void Faults::maybe() {
  storage::testing::FakeDisk& disk = world_.disk();
  if (now_and_then(options_.disk_stalls)) {
    ++coverage_.stalls;
    world_.stall_disk(Duration(static_cast<std::int64_t>(random_.below(200'000'000))));
  }
  if (now_and_then(options_.segments_stall)) {
    const auto time = Duration(static_cast<std::int64_t>(random_.below(500'000'000)));
    if (world_.stall_a_segment(time)) ++coverage_.segment_stalls;
  }
  if (now_and_then(options_.disk_fills)) fill_disk_or_not();
  if (now_and_then(options_.write_fails)) {
    disk.fail_nth(DiskOperation::write, 1 + random_.below(4));
  }
  if (now_and_then(options_.sync_fails)) disk.fail_nth(DiskOperation::sync, 1 + random_.below(4));
  if (now_and_then(options_.files_fail)) fail_an_operation();
  // One that fails alone is read again in its parts.
  if (now_and_then(options_.reads_fail)) {
    disk.fail_nth(DiskOperation::read, 1 + random_.below(4), Errc::io, 1 + random_.below(4));
  }
  if (now_and_then(options_.bodies_rot) && world_.rot_a_message()) ++coverage_.rotten_bodies;
  if (now_and_then(options_.clock_jumps)) {
    ++coverage_.clock_jumps;
    world_.jump_wall_clock(static_cast<WallMs>(random_.below(7'200'000)) - 3'600'000);
  }
}

void Faults::fill_disk_or_not() {
  ++coverage_.full_disks;
  disk_full_ = !disk_full_;
  storage::testing::FakeDisk& disk = world_.disk();
  disk.set_capacity(disk_full_ ? disk.used_bytes() + random_.below(options_.free_bytes_max + 1)
                               : kPlenty);
}

void Faults::fail_an_operation() {
  using enum DiskOperation;
  constexpr std::array kKinds{open, make_zeroed, replace, rename, remove, sync_directory};
  world_.disk().fail_nth(kKinds[random_.below(kKinds.size())], 1 + random_.below(3));
}

void Faults::heal_disk() {
  disk_full_ = false;
  world_.disk().set_capacity(kPlenty);
  world_.end_stalls();
}

}  // namespace naru::sim
