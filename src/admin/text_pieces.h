#pragma once
/// A long text that is made at once, and taken in pieces.

#include <deque>
#include <string>
#include <string_view>

#include "admin/writing.h"

namespace naru::admin {

/// Grows by pieces: what is there is not moved again and again, as in a string that grows. When all
/// of it is there it is written as it is.
class TextPieces final : public Writing {
 public:
  void append(std::string_view text);
  /// Of the text that was not taken.
  std::size_t bytes() const { return bytes_; }

  Result<Progress> advance(std::size_t) override {
    return pieces_.size() > 1 ? Progress::full : Progress::whole;
  }
  std::string take() override;
  /// All that was not taken; each piece goes when it was copied.
  std::string join();
  std::size_t memory_bytes() const override { return bytes_; }

 private:
  std::deque<std::string> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace naru::admin
