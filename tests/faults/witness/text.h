#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace naru::faults {

/// The first `bytes_max` octets of a file, as lines. A line is cut at kLineMax, so that each fits
/// one body frame; empty lines are lines.
class Text {
 public:
  static constexpr std::size_t kLineMax = 4'000;

  /// Ends the program when the file cannot be read or holds less than `bytes_max`.
  Text(const std::string& path, std::size_t bytes_max);
  explicit Text(std::string content);

  std::size_t line_count() const { return starts_.size() - 1; }
  std::string_view line(std::size_t index) const {
    return std::string_view(content_).substr(starts_[index], lengths_[index]);
  }
  std::size_t bytes() const { return content_.size(); }

 private:
  void split();

  std::string content_;
  std::vector<std::size_t> starts_;  // one more than there are lines
  std::vector<std::uint16_t> lengths_;
};

}  // namespace naru::faults
