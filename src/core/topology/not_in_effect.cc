#include "core/topology/not_in_effect.h"

#include <fmt/format.h>

#include "core/topology/arguments.h"
#include "core/topology/texts.h"

namespace naru::core {

std::vector<std::string> not_in_effect(const message::Table& arguments) {
  std::vector<std::string> names;
  for (const auto& [name, value] : arguments) {
    if (is_known_without_effect(name)) names.push_back(name);
  }
  return names;
}

void NotInEffectLog::on_declared(std::string_view what, const std::vector<std::string>& arguments,
                                 TimePoint now) {
  if (lines_ == 0 || now - minute_began_ >= std::chrono::minutes(1)) {
    minute_began_ = now;
    lines_ = 0;
  }
  if (lines_ >= kLinesPerMinute) return;
  log_.warn("{} has arguments that are kept and not yet in effect: {}", what,
            fmt::join(arguments, ", "));
  if (++lines_ < kLinesPerMinute) return;
  log_.warn("more such queues are not told of for a minute; `naru queue list` shows all");
}

void NotInEffectLog::on_recovered(const Catalog& catalog) {
  std::size_t count = 0;
  const QueueInfo* example = nullptr;
  catalog.each_queue([&](const QueueInfo& queue) {
    if (not_in_effect(queue.arguments).empty()) return;
    ++count;
    // The oldest, so that every start names the same one.
    if (example == nullptr || queue.ref.id < example->ref.id) example = &queue;
  });
  if (example == nullptr) return;
  log_.warn(
      "{} of the queues that were there before have arguments that are kept and not yet in effect, "
      "for example {}: {}; `naru queue list` shows all",
      count, queue_text(example->name, tenant_label(catalog, example->tenant)),
      fmt::join(not_in_effect(example->arguments), ", "));
}

}  // namespace naru::core
