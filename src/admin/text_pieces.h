#pragma once
/// A long text in the making.

#include <deque>
#include <string>
#include <string_view>

namespace naru::admin {

/// Grows by pieces: what is there is not moved again and again, as in a string that grows.
class TextPieces {
 public:
  static constexpr std::size_t kPieceBytes = 256u << 10;

  void append(std::string_view text);
  /// Of the text so far.
  std::size_t bytes() const { return bytes_; }
  /// The whole text; each piece goes when it was copied. Nothing is left.
  std::string join();

 private:
  std::deque<std::string> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace naru::admin
