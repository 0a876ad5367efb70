#pragma once
/// Tells the operator of queues whose arguments do nothing yet: a migration is where a limit that
/// does not hold has to be noticed.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/topology/catalog.h"

namespace naru::core {

/// The names of those arguments that are kept and compared, and do nothing yet.
std::vector<std::string> not_in_effect(const message::Table& arguments);

/// Owned by one shard.
class NotInEffectLog {
 public:
  explicit NotInEffectLog(Logger& log) : log_(log) {}

  /// A queue was made: `what` is "queue 'q' in vhost '/', declared by user 'u',". At most
  /// kLinesPerMinute of them are told, and that there are more.
  void on_declared(std::string_view what, const std::vector<std::string>& arguments, TimePoint now);
  /// One line for all that the log brought back.
  void on_recovered(const Catalog& catalog);

 private:
  static constexpr int kLinesPerMinute = 20;

  Logger& log_;
  TimePoint minute_began_{};
  int lines_ = 0;  // in this minute
};

}  // namespace naru::core
