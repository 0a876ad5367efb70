#include <charconv>

#include "history.h"

namespace naru::faults {
namespace {

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string MessageId::text() const {
  return std::to_string(run) + '.' + std::to_string(publisher) + '.' + std::to_string(number);
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  MessageId id;
  if (take_number(text, id.run) && take_dot(text) && take_number(text, id.publisher) &&
      take_dot(text) && take_number(text, id.number) && text.empty()) {
    return id;
  }
  return std::nullopt;
}

}  // namespace naru::faults
