#include <fmt/format.h>

#include "tests/sim/run.h"

namespace naru::sim {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t Coverage::*>, 14> kEvents{{
    {"steps", &Coverage::steps},
    {"power losses", &Coverage::power_losses},
    {"kills", &Coverage::kills},
    {"clean stops", &Coverage::clean_stops},
    {"power losses in recovery", &Coverage::crashes_in_recovery},
    {"failed writes and syncs", &Coverage::failed_volumes},
    {"full disks", &Coverage::full_disks},
    {"slow disks", &Coverage::stalls},
    {"clock jumps", &Coverage::clock_jumps},
    {"segments", &Coverage::segments},
    {"segments rewritten", &Coverage::segments_rewritten},
    {"flipped bits", &Coverage::flipped_bits},
    {"flipped under a body", &Coverage::rotten_bodies},
    {"refused starts", &Coverage::refused_starts},
}};

}  // namespace

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < done.size(); ++i) done[i] += other.done[i];
  for (const auto& [name, field] : kEvents) {
    this->*field += other.*field;
  }
}

std::string Coverage::table() const {
  std::string text;
  for (const auto& [name, field] : kEvents) {
    text += fmt::format("{}: {}\n", name, this->*field);
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    text += fmt::format("{}: {}\n", kDidNames[i], done[i]);
  }
  return text;
}

}  // namespace naru::sim
