#pragma once
/// A long text, written a little in each turn.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace naru::admin {

class Writing {
 public:
  /// A piece of it ends with the row that brings it to so many bytes.
  static constexpr std::size_t kPieceBytes = 256u << 10;
  /// That of what has few rows, and so is not in anybody's way for long: it is one piece, but for
  /// rows that are very long. What it was made of is not kept for whoever takes it slowly.
  static constexpr std::size_t kFewRowsBytes = 4u << 20;
  enum class Progress {
    more,  // there is more to do
    full,  // the same, and the piece is full
    whole  // that was all
  };
  virtual ~Writing() = default;
  /// Goes on with the piece, and looks at so many rows at most; not called again when it is whole.
  /// Errors: malformed, before there is any text.
  virtual Result<Progress> advance(std::size_t rows_max) = 0;
  /// The piece that there is, full or not; the next one begins.
  virtual std::string take() = 0;
  /// What is held for it, with the piece.
  virtual std::size_t memory_bytes() const = 0;
};

}  // namespace naru::admin
