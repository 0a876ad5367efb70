#include "tests/sim/world/rot.h"

#include <algorithm>

#include "tests/sim/clients/environment.h"

namespace naru::sim {

namespace {
const std::string kDirectory = "data/wal";
}  // namespace

bool Rot::hit(const Message& message) {
  const auto names = disk_.list(kDirectory);
  if (!names) return false;
  const std::string number = std::to_string(message.number);
  const std::string head = static_cast<char>(number.size()) + number;
  const std::string wanted =
      head + std::string(Environment::body_of(message.number, message.body_bytes));
  std::vector<Spot> places;
  for (const std::string& name : *names) {
    const std::string path = kDirectory + "/" + name;
    const std::vector<std::uint8_t> content = disk_.content(path);
    const std::string_view text = as_text(ByteView(content));
    for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) {
      places.push_back({.path = path, .offset = at, .expected = wanted});
    }
  }
  if (places.empty()) return false;
  Spot& spot = places[random_.below(places.size())];
  spot.bit = head.size() * 8 + random_.below(message.body_bytes * std::uint64_t{8});
  spot.expected[spot.bit / 8] =
      static_cast<char>(spot.expected[spot.bit / 8] ^ (1 << spot.bit % 8));
  disk_.flip_bit(spot.path, spot.offset * 8 + spot.bit);
  spots_.push_back(std::move(spot));
  hit_in_run_ = true;
  return true;
}

bool Rot::is_there(const Spot& spot) const {
  const std::vector<std::uint8_t> content = disk_.content(spot.path);
  const std::string_view text = as_text(ByteView(content));
  return text.size() >= spot.offset &&
         text.substr(spot.offset, spot.expected.size()) == spot.expected;
}

void Rot::started() {
  for (Spot& spot : spots_) spot.seen_by_start = true;
}

void Rot::heal(bool all) {
  std::erase_if(spots_, [&](const Spot& spot) {
    if (spot.seen_by_start && !all) return false;
    if (is_there(spot)) disk_.flip_bit(spot.path, spot.offset * 8 + spot.bit);
    return true;
  });
}

}  // namespace naru::sim
