#pragma once
/// How often lines of one kind may be written.

#include <chrono>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace naru::app {

/// Lines that strangers can cause in any number: some at once, then a few per second; the rest is
/// counted. Not synchronised.
class LogQuota {
 public:
  static constexpr std::uint32_t kAtOnce = 200;
  static constexpr Duration kOneEach = std::chrono::milliseconds(50);

  struct Verdict {
    bool admitted = false;
    std::uint64_t left_out = 0;  // since the last that was admitted
  };
  /// `cause` is a text of the program, which lives as long as this.
  Verdict ask(std::string_view cause, TimePoint now);

 private:
  struct Kind {
    TimePoint full_at{};  // when kAtOnce may be written again; each line moves it by kOneEach
    std::uint64_t left_out = 0;
  };
  std::unordered_map<const char*, Kind> kinds_;  // as many as there are texts in the program
};

}  // namespace naru::app
