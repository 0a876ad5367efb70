#include "admin/listing.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace naru::admin {

namespace {

constexpr std::size_t kPageSize = 100;
constexpr std::size_t kPageSizeMax = 500;
constexpr std::size_t kPageNumberMax = 1u << 30;  // its first row can be counted

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

/// The first of columns, which leaves them.
std::string_view take_column(std::string_view& columns) {
  const std::string_view path = columns.substr(0, columns.find(','));
  columns.remove_prefix(std::min(columns.size(), path.size() + 1));
  return path;
}

/// "queue.name" is the member `name` of the member `queue`; null when there is none.
const json::value* find_member(const json::object& object, std::string_view path) {
  const json::object* in = &object;
  while (true) {
    const std::string_view part = path.substr(0, path.find('.'));
    const json::value* found = in->if_contains(view(part));
    if (found == nullptr || part.size() == path.size()) return found;
    if (!found->is_object()) return nullptr;
    in = &found->get_object();
    path.remove_prefix(part.size() + 1);
  }
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

Result<std::size_t> number(const Target& target, std::string_view name, std::size_t otherwise,
                           std::size_t most) {
  const auto text = target.find(name);
  if (!text) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc::result_out_of_range) value = most;
  if (error == std::errc::invalid_argument || end != text->data() + text->size() || value == 0) {
    return fail(Errc::malformed, std::string(name) + " must be a number above 0");
  }
  return std::min(value, most);
}

}  // namespace

json::object with_columns(const json::object& object, std::string_view columns) {
  json::object out;
  while (!columns.empty()) {
    const std::string_view path = take_column(columns);
    if (const json::value* member = find_member(object, path)) set_member(out, path, *member);
  }
  return out;
}

std::optional<std::string> columns_within(std::string_view columns, std::string_view member) {
  std::optional<std::string> within;
  while (!columns.empty()) {
    std::string_view path = take_column(columns);
    if (path == member) return "";
    if (!path.starts_with(member) || path[member.size()] != '.') continue;
    path.remove_prefix(member.size() + 1);
    within = within ? *within + "," + std::string(path) : std::string(path);
  }
  return within;
}

Listing::Listing(std::unique_ptr<Rows> rows, const Target& target)
    : rows_(std::move(rows)),
      name_(target.find("name").value_or("")),
      sort_(target.find("sort").value_or("")),
      columns_(target.find("columns")),
      reverse_(target.flag("sort_reverse")) {}

Result<std::unique_ptr<Writing>> Listing::begin(std::unique_ptr<Rows> rows, const Target& target) {
  if (target.flag("use_regex")) {
    return fail(Errc::malformed, "use_regex is not known; name finds a part of the name");
  }
  std::unique_ptr<Listing> listing(new Listing(std::move(rows), target));
  NARU_TRY(page, page_of(target));
  listing->page_ = page;
  if (!listing->sort_.empty()) listing->heap_.reserve(listing->rows_->size());
  return listing;
}

Result<std::optional<Listing::Page>> Listing::page_of(const Target& target) {
  if (!target.find("page")) return std::nullopt;
  NARU_TRY(page, number(target, "page", 1, kPageNumberMax));
  NARU_TRY(size, number(target, "page_size", kPageSize, kPageSizeMax));
  return Page{page, size};
}

RowWindow Listing::window(const Target& target) {
  const auto page = page_of(target);
  const bool selects =
      !target.find("name").value_or("").empty() || !target.find("sort").value_or("").empty();
  if (selects || !page || !*page) return {};
  return {(*page)->first(), (*page)->first() + (*page)->size};
}

std::size_t Listing::memory_bytes() const {
  return rows_->memory_bytes() + kept_.capacity() * sizeof(std::size_t) +
         heap_.capacity() * sizeof(Candidate) + key_bytes_ + text_.capacity();
}

Result<Writing::Progress> Listing::advance(std::size_t rows_max) {
  const std::size_t piece_bytes = page_ ? kFewRowsBytes : kPieceBytes;
  while (true) {
    if (!writing_ && (!selects() || at_ == rows_->size())) NARU_TRY_VOID(begin_writing());
    if (writing_ && at_ == end_) break;
    if (text_.size() >= piece_bytes) return Progress::full;
    if (rows_max-- == 0) return Progress::more;
    writing_ ? write_next() : select_next();
  }
  end_writing();
  return Progress::whole;
}

// ---- Which rows, in which order ----

Listing::Key Listing::key_of(const json::object& object, std::string_view by) {
  const json::value* member = find_member(object, by);
  if (member == nullptr) return {};
  if (member->is_null()) return {.rank = 1};
  if (member->is_bool()) return {.rank = 2, .number = member->get_bool() ? 1.0 : 0.0};
  if (member->is_number()) return {.rank = 3, .number = member->to_number<double>()};
  if (member->is_string()) {
    return {.rank = 4, .text = std::string(std::string_view(member->get_string()))};
  }
  return {.rank = 5};
}

bool Listing::comes_after(const Candidate& a, const Candidate& b) const {
  const auto order = std::tie(a.key, a.row) <=> std::tie(b.key, b.row);
  return reverse_ ? order < 0 : order > 0;
}

void Listing::select_next() {
  const std::size_t row = at_++;
  const auto object = rows_->render(row);
  if (!object) return;
  ++total_;
  if (!name_.empty()) {
    const json::value* name = find_member(*object, "name");
    if (name == nullptr || !name->is_string()) return;
    if (!std::string_view(name->get_string()).contains(name_)) return;
  }
  if (sort_.empty()) return kept_.push_back(row);
  heap_.push_back({key_of(*object, sort_), row});
  key_bytes_ += heap_.back().key.text.size();
  std::ranges::push_heap(heap_, [this](const auto& a, const auto& b) { return comes_after(a, b); });
}

std::size_t Listing::next_row() {
  const std::size_t at = at_++;
  if (sort_.empty()) return selects() ? kept_[at] : at;
  std::ranges::pop_heap(heap_, [this](const auto& a, const auto& b) { return comes_after(a, b); });
  const std::size_t row = heap_.back().row;
  key_bytes_ -= heap_.back().key.text.size();
  heap_.pop_back();
  return row;
}

// ---- The text ----

Result<void> Listing::begin_writing() {
  if (!selects()) total_ = rows_->size();
  found_ = !selects() ? total_ : sort_.empty() ? kept_.size() : heap_.size();
  end_ = found_;
  if (page_) {
    const std::size_t page_count =
        std::max<std::size_t>(1, (found_ + page_->size - 1) / page_->size);
    if (page_->number > page_count) return fail(Errc::malformed, "page is beyond the last one");
    first_ = page_->first();
    end_ = std::min(found_, first_ + page_->size);
    const json::object figures{{"filtered_count", found_},
                               {"page", page_->number},
                               {"page_count", page_count},
                               {"page_size", page_->size},
                               {"total_count", total_}};
    text_ = serialize(figures);
    text_.pop_back();
    text_ += R"(,"items":)";
  }
  text_ += '[';
  writing_ = true;
  // What is sorted has to be taken one after the other.
  at_ = sort_.empty() ? first_ : 0;
  return {};
}

void Listing::write_next() {
  const bool shown = at_ >= first_;
  const std::size_t row = next_row();
  const auto object = shown ? rows_->render(row) : std::nullopt;
  if (!object) return;
  if (count_++ != 0) text_ += ',';
  text_ += serialize(columns_ ? with_columns(*object, *columns_) : *object);
}

void Listing::end_writing() {
  text_ += ']';
  if (page_) text_ += R"(,"item_count":)" + std::to_string(count_) + "}";
}

}  // namespace naru::admin
