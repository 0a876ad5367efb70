#include "admin/text_pieces.h"

#include <algorithm>
#include <utility>

namespace naru::admin {

void TextPieces::append(std::string_view text) {
  bytes_ += text.size();
  while (!text.empty()) {
    if (pieces_.empty() || pieces_.back().size() == kPieceBytes) {
      // Most texts are short: the first piece grows as strings do.
      if (pieces_.emplace_back(); pieces_.size() > 1) pieces_.back().reserve(kPieceBytes);
    }
    std::string& last = pieces_.back();
    const std::size_t part = std::min(text.size(), kPieceBytes - last.size());
    last.append(text.substr(0, part));
    text.remove_prefix(part);
  }
}

std::string TextPieces::join() {
  std::string whole;
  whole.reserve(bytes_);
  while (!pieces_.empty()) whole += take();
  return whole;
}

std::string TextPieces::take() {
  if (pieces_.empty()) return {};
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece.size();
  return piece;
}

}  // namespace naru::admin
