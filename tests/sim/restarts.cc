#include "tests/sim/restarts.h"

#include <fmt/format.h>

#include <optional>
#include <regex>

namespace naru::sim {

void Restarts::begin() {
  if (options_.failures_in_recovery) {
    for (std::uint64_t tries = random_.below(3); tries > 0; --tries) fail_in_recovery();
  }
  start();
}

void Restarts::start() {
  auto started = world_.start_node();
  if (!started && world_.rot().is_live()) {
    refused(started.error());
    world_.heal(true);
    started = world_.start_node();
  }
  if (!started) findings_.add("start", started.error().what);
}

/// Says which file, where in it unless all of it is missing, and what to do about it.
void Restarts::refused(const Error& error) {
  ++coverage_.refused_starts;
  static const std::regex kRefusal(
      "data/wal/[-a-z0-9]+: (.*offset [0-9]+.*|missing.*); .*(from a backup|to start empty|start "
      "the (older|newer) program that wrote it).*");
  if (!std::regex_match(error.what, kRefusal)) {
    findings_.add("a refused start says where and what to do", error.what);
  }
}

Restarts::Found Restarts::look() {
  return {world_.node()->describe(), world_.node()->sizes(), world_.node()->parked()};
}

/// What a start finds that has to succeed.
Restarts::Found Restarts::look_with_a_start() {
  start();
  if (findings_.any()) return {};
  Found found = look();
  world_.crash(Crash::kill);
  return found;
}

void Restarts::rot() {
  std::optional<Found> healthy;
  // The other half of the time it may hit what the stop has written last.
  if (random_.one_in(2)) healthy = look_with_a_start();
  auto names = world_.disk().list("data/wal");
  if (findings_.any() || !names || names->empty()) return;
  const std::string path = "data/wal/" + (*names)[random_.below(names->size())];
  const std::uint64_t bytes = world_.disk().content(path).size();
  if (bytes == 0) return;
  const std::uint64_t bit = random_.below(bytes * 8);
  ++coverage_.flipped_bits;
  world_.disk().flip_bit(path, bit);
  const auto rotten = world_.disk().content(path);
  std::optional<Found> found;
  if (const auto started = world_.start_node(); started) {
    found = look();
  } else {
    refused(started.error());
  }
  world_.crash(Crash::kill);
  // It was seen, or is where nobody looked; what was written anew is left alone.
  if (world_.disk().content(path) == rotten) world_.disk().flip_bit(path, bit);
  if (!found) return;
  if (!healthy) healthy = look_with_a_start();
  if (!findings_.any()) compare(*healthy, *found, fmt::format("bit {} of {}", bit, path));
}

void Restarts::compare(const Found& healthy, const Found& found, const std::string& flipped) {
  const bool same =
      found.parked == 0 ? found.description == healthy.description : found.sizes == healthy.sizes;
  if (same) return;
  findings_.add("a flipped bit takes nothing away",
                fmt::format("{}: with it a start found {}, without it {}", flipped,
                            found.description, healthy.description));
}

void Restarts::recover() {
  const bool look_twice = options_.crashes_in_recovery && random_.one_in(3);
  if (look_twice) {
    start();
    if (findings_.any()) return;
    world_.recorder().tell(&Checker::on_recovered, world_.node()->describe(), false);
    world_.crash(Crash::kill);
  }
  if (options_.crashes_in_recovery) {
    for (std::uint64_t tries = random_.below(4); tries > 0; --tries) crash_in_recovery();
  }
  if (options_.failures_in_recovery) {
    for (std::uint64_t tries = random_.below(4); tries > 0; --tries) fail_in_recovery();
  }
  start();
  if (findings_.any()) return;
  world_.recorder().tell(&Checker::on_recovered, world_.node()->describe(), look_twice);
}

void Restarts::crash_in_recovery() {
  ++coverage_.crashes_in_recovery;
  world_.lose_power_soon(random_.below(60));
  if (!world_.start_node()) ++coverage_.recoveries_cut_short;
  world_.crash(Crash::power_loss);
}

void Restarts::failed(const Error& error) {
  if (world_.rot().is_live() && error.code == Errc::corrupt) return refused(error);
  ++coverage_.failed_starts;
  const bool says_where = error.what.starts_with("data") || error.what.starts_with(".: ");
  if (error.code == Errc::io && says_where) return;
  findings_.add("a failed start says where, and of no damage", error.what);
}

void Restarts::fail_in_recovery() {
  using storage::testing::DiskOperation;
  const auto kind = random_.below(storage::testing::kDiskOperations);
  world_.disk().fail_nth(static_cast<DiskOperation>(kind), 1 + random_.below(8));
  if (const auto started = world_.start_node(); !started) failed(started.error());
  world_.crash(random_.one_in(2) ? Crash::kill : Crash::power_loss);
}

}  // namespace naru::sim
