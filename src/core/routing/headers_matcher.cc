#include "core/routing/headers_matcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/topology/texts.h"

namespace naru::core {

namespace {

constexpr std::string_view kMatch = "x-match";

struct Mode {
  bool any = false;
  bool with_x = false;
};

std::optional<Mode> parse_mode(std::string_view text) {
  if (text == "all") return Mode{.any = false, .with_x = false};
  if (text == "any") return Mode{.any = true, .with_x = false};
  if (text == "all-with-x") return Mode{.any = false, .with_x = true};
  if (text == "any-with-x") return Mode{.any = true, .with_x = true};
  return std::nullopt;
}

Mode mode_of(const message::Table& arguments) {
  const message::Value* match = message::find(arguments, kMatch);
  if (match == nullptr || match->text() == nullptr) return {};
  return parse_mode(*match->text()).value_or(Mode{});
}

bool is_criterion(std::string_view name, Mode mode) {
  return mode.with_x ? name != kMatch : !name.starts_with("x-");
}

/// The octets of a text or binary value, which match each other, as in RabbitMQ.
const std::string* octets(const message::Value& value) {
  if (const auto* binary = std::get_if<message::Binary>(&value.v)) return &binary->bytes;
  return value.text();
}

bool equal(const message::Value& a, const message::Value& b) {
  const std::string* left = octets(a);
  const std::string* right = octets(b);
  return left != nullptr && right != nullptr ? *left == *right : a == b;
}

bool holds(const std::string& name, const message::Value& wanted, const HeaderIndex& headers) {
  const message::Value* there = headers.find(name);
  return there != nullptr && (wanted.is_void() || equal(*there, wanted));
}

/// `all` without criteria matches every message, `any` without criteria none.
bool matches(const message::Table& arguments, const HeaderIndex& headers) {
  const Mode mode = mode_of(arguments);
  for (const auto& [name, wanted] : arguments) {
    if (is_criterion(name, mode) && holds(name, wanted, headers) == mode.any) return mode.any;
  }
  return !mode.any;
}

}  // namespace

void HeaderIndex::assign(const message::Table& headers) {
  sorted_.clear();
  for (const auto& [name, value] : headers) sorted_.emplace_back(name, &value);
  // Among equal names the first one comes first: values lie in the table's order. (std::stable_sort
  // would allocate, and libstdc++ 12's does not compile without warnings with clang-19.)
  std::sort(sorted_.begin(), sorted_.end());
}

const message::Value* HeaderIndex::find(std::string_view name) const {
  const auto at = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return at != sorted_.end() && at->first == name ? at->second : nullptr;
}

Result<void> HeadersMatcher::check_arguments(const message::Table& arguments) {
  const message::Value* match = message::find(arguments, kMatch);
  if (match == nullptr) return {};
  if (match->text() == nullptr) {
    return fail(Errc::precondition_failed,
                fmt::format("Invalid x-match field type {} (value {}); expected longstr",
                            type_text(*match), value_text(*match)));
  }
  if (parse_mode(*match->text())) return {};
  // Clients know the value as Erlang writes it.
  return fail(Errc::precondition_failed,
              fmt::format("Invalid x-match field value <<\"{}\">>; expected all, any, all-with-x, "
                          "or any-with-x",
                          *match->text()));
}

std::size_t HeadersMatcher::match(const HeaderIndex& headers, Matches& out) const {
  std::size_t criteria = 0;
  all_.each([&](Binding& binding) {
    criteria += 1 + binding.arguments.get().size();
    if (matches(binding.arguments.get(), headers)) out.push_back(binding.destination);
  });
  return criteria;
}

}  // namespace naru::core
