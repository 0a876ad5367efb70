#include "tests/sim/world/rot.h"

#include <algorithm>

#include "base/byte_buffer.h"
#include "base/crc32c.h"
#include "tests/sim/clients/environment.h"

namespace naru::sim {

namespace {
const std::string kDirectory = "data/wal";
}  // namespace

std::vector<Rot::Piece> Rot::pieces_of(const Message& message, std::size_t fragment_bytes) {
  const std::string_view body = Environment::body_of(message.number, message.body_bytes);
  if (body.size() <= fragment_bytes) {
    const std::string number = std::to_string(message.number);
    return {{static_cast<char>(number.size()) + number, body}};
  }
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < body.size(); at += fragment_bytes) {
    const std::string_view part = body.substr(at, fragment_bytes);
    ByteBuffer head;
    head.le32(static_cast<std::uint32_t>(part.size()));
    head.le32(crc32c(as_bytes(part)));
    pieces.push_back({std::string(as_text(head.view())), part});
  }
  return pieces;
}

std::string_view Rot::hit(const Message& message, std::size_t fragment_bytes) {
  const auto names = disk_.list(kDirectory);
  if (!names) return {};
  const std::vector<Piece> pieces = pieces_of(message, fragment_bytes);
  const Piece& piece = pieces[random_.below(pieces.size())];
  const std::string wanted = piece.head + std::string(piece.body);
  std::vector<Spot> places;
  for (const std::string& name : *names) {
    const std::string path = kDirectory + "/" + name;
    const std::vector<std::uint8_t> content = disk_.content(path);
    const std::string_view text = as_text(ByteView(content));
    for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) {
      places.push_back({.path = path, .offset = at, .expected = wanted});
    }
  }
  if (places.empty()) return {};
  Spot& spot = places[random_.below(places.size())];
  spot.bit = piece.head.size() * 8 + random_.below(piece.body.size() * std::uint64_t{8});
  spot.expected[spot.bit / 8] =
      static_cast<char>(spot.expected[spot.bit / 8] ^ (1 << spot.bit % 8));
  disk_.flip_bit(spot.path, spot.offset * 8 + spot.bit);
  spots_.push_back(std::move(spot));
  hit_in_run_ = true;
  return piece.body;
}

bool Rot::is_part_of(std::string_view hit, const Message& message, std::size_t fragment_bytes) {
  if (message.body_bytes <= fragment_bytes) return false;
  return std::ranges::any_of(pieces_of(message, fragment_bytes),
                             [&](const Piece& piece) { return piece.body == hit; });
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
