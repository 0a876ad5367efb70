#pragma once
/// What a caller may ask of any listing: fewer columns, another order, one page of it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/rows.h"
#include "admin/target.h"
#include "admin/writing.h"

namespace naru::admin {

/// The members that `columns` names ("name,message_stats.publish").
json::object with_columns(const json::object& object, std::string_view columns);
/// What `columns` names of a member that is a list, as columns of what is in it: "" is all of that.
/// None: nothing.
std::optional<std::string> columns_within(std::string_view columns, std::string_view member);

/// Writes rows as the query of a target asks: `columns`, `sort`, `sort_reverse`, `name`, `page` and
/// `page_size`. Rows are rendered one by one and dropped: those on the page, and with `sort` or
/// `name` every one of them before, for its key.
class Listing final : public Writing {
 public:
  /// `target` outlives it. Errors: malformed (numbers that are none, use_regex, which is not
  /// known).
  static Result<std::unique_ptr<Writing>> begin(std::unique_ptr<Rows> rows, const Target& target);
  /// The rows that it will render: those of the page when they are wanted in their usual order.
  static RowWindow window(const Target& target);

  /// Errors: malformed (a page beyond the last one).
  Result<Progress> advance(std::size_t rows_max) override;
  std::string take() override { return std::exchange(text_, {}); }
  std::size_t memory_bytes() const override;

 private:
  /// By what a row is sorted: absent before null, numbers before texts.
  struct Key {
    int rank = 0;
    double number = 0;
    std::string text{};
    auto operator<=>(const Key&) const = default;
  };
  struct Candidate {
    Key key;
    std::size_t row = 0;
  };
  struct Page {
    std::size_t number = 1;
    std::size_t size = 0;
    std::size_t first() const { return (number - 1) * size; }
  };
  /// None: all of it is asked for.
  static Result<std::optional<Page>> page_of(const Target& target);
  Listing(std::unique_ptr<Rows> rows, const Target& target);

  static Key key_of(const json::object& object, std::string_view by);
  /// Whether `a` comes after `b`; equal ones keep their order.
  bool comes_after(const Candidate& a, const Candidate& b) const;
  bool selects() const { return !name_.empty() || !sort_.empty(); }
  void select_next();
  Result<void> begin_writing();
  void write_next();
  void end_writing();
  /// The row to be written next.
  std::size_t next_row();

  std::unique_ptr<Rows> rows_;
  const std::string_view name_;
  const std::string_view sort_;
  const std::optional<std::string_view> columns_;
  const bool reverse_;
  std::optional<Page> page_;

  bool writing_ = false;
  std::size_t at_ = 0;             // the row that is looked at, or written, next
  std::size_t total_ = 0;          // rows that there were
  std::size_t found_ = 0;          // of them, with the name
  std::size_t first_ = 0;          // to be written, of those found
  std::size_t end_ = 0;            // after the last one to be written
  std::size_t count_ = 0;          // written
  std::vector<std::size_t> kept_;  // those with the name, when they are not sorted
  std::vector<Candidate> heap_;    // the next one on top, when they are sorted
  std::size_t key_bytes_ = 0;
  std::string text_;
};

}  // namespace naru::admin
