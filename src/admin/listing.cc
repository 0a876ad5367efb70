#include "admin/listing.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace naru::admin {

namespace {

constexpr std::size_t kPageSize = 100;
constexpr std::size_t kPageSizeMax = 500;

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

/// "queue.name" is the member `name` of the member `queue`; null when there is none.
const json::value* find_member(const json::value& value, std::string_view path) {
  const json::value* at = &value;
  while (at != nullptr && !path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    at = at->is_object() ? at->get_object().if_contains(view(part)) : nullptr;
  }
  return at;
}

void set_member(json::object& object, std::string_view path, const json::value& value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    object.insert_or_assign(view(path), value);
    return;
  }
  json::value& inner = object[view(path.substr(0, dot))];
  if (!inner.is_object()) inner.emplace_object();
  set_member(inner.get_object(), path.substr(dot + 1), value);
}

json::value with_columns(const json::value& value, std::string_view columns) {
  json::object out;
  while (!columns.empty()) {
    const std::string_view path = columns.substr(0, columns.find(','));
    columns.remove_prefix(std::min(columns.size(), path.size() + 1));
    if (const json::value* member = find_member(value, path)) set_member(out, path, *member);
  }
  return out;
}

/// Numbers before texts, as far as they are comparable at all.
bool is_less(const json::value& a, const json::value& b, std::string_view by) {
  const json::value* left = find_member(a, by);
  const json::value* right = find_member(b, by);
  if (left == nullptr || right == nullptr) return left == nullptr && right != nullptr;
  if (left->is_string() && right->is_string()) return left->get_string() < right->get_string();
  if (left->is_number() && right->is_number()) {
    return left->to_number<double>() < right->to_number<double>();
  }
  return left->kind() < right->kind();
}

Result<std::size_t> number(const Target& target, std::string_view name, std::size_t otherwise) {
  const auto text = target.find(name);
  if (!text) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value == 0) {
    return fail(Errc::malformed, std::string(name) + " must be a number above 0");
  }
  return value;
}

Result<json::value> page_of(json::array items, std::size_t total, const Target& target) {
  NARU_TRY(page, number(target, "page", 1));
  NARU_TRY(asked_size, number(target, "page_size", kPageSize));
  const std::size_t size = std::min(asked_size, kPageSizeMax);
  const std::size_t filtered = items.size();
  const std::size_t page_count = std::max<std::size_t>(1, (filtered + size - 1) / size);
  if (page > page_count) return fail(Errc::malformed, "page is beyond the last one");
  json::array part;
  for (std::size_t at = (page - 1) * size; at < std::min(filtered, page * size); ++at) {
    part.push_back(std::move(items[at]));
  }
  const std::size_t count = part.size();
  return json::value(json::object{{"filtered_count", filtered},
                                  {"item_count", count},
                                  {"items", std::move(part)},
                                  {"page", page},
                                  {"page_count", page_count},
                                  {"page_size", size},
                                  {"total_count", total}});
}

}  // namespace

Result<json::value> shape_listing(json::value value, const Target& target) {
  if (target.query.empty()) return value;
  const auto columns = target.find("columns");
  if (value.is_object()) {
    return columns ? with_columns(value, *columns) : std::move(value);
  }
  if (!value.is_array()) return value;
  if (target.flag("use_regex")) {
    return fail(Errc::malformed, "use_regex is not known; name finds a part of the name");
  }
  json::array items = std::move(value.get_array());
  const std::size_t total = items.size();
  if (const auto name = target.find("name"); name && !name->empty()) {
    const auto lacks = [&](const json::value& item) {
      const json::value* member = find_member(item, "name");
      return member == nullptr || !member->is_string() ||
             !std::string_view(member->get_string().data(), member->get_string().size())
                  .contains(*name);
    };
    json::array kept;
    for (json::value& item : items) {
      if (!lacks(item)) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  if (const auto by = target.find("sort"); by && !by->empty()) {
    // Equal ones keep their order: by position, as std::stable_sort uses a deprecated buffer.
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      if (is_less(items[a], items[b], *by)) return true;
      return !is_less(items[b], items[a], *by) && a < b;
    });
    json::array sorted;
    sorted.reserve(items.size());
    for (const std::size_t at : order) sorted.push_back(std::move(items[at]));
    items = std::move(sorted);
    if (target.flag("sort_reverse")) std::ranges::reverse(items);
  }
  if (columns) {
    for (json::value& item : items) item = with_columns(item, *columns);
  }
  if (!target.find("page")) return json::value(std::move(items));
  return page_of(std::move(items), total, target);
}

}  // namespace naru::admin
