#pragma once
/// A long object: its members, and behind them lists of rows.

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "admin/rows.h"
#include "admin/writing.h"

namespace naru::admin {

/// Writes the lists row by row; a row that is gone by then is left out.
class ObjectWriting final : public Writing {
 public:
  /// `head`: the members before the lists.
  explicit ObjectWriting(const json::object& head, std::size_t piece_bytes = kPieceBytes);
  /// The next list, with so much of its objects as `columns` names, if any. `name` outlives it;
  /// before the first advance().
  void add(std::string_view name, std::unique_ptr<Rows> rows, std::string columns = {});

  Result<Progress> advance(std::size_t rows_max) override;
  std::string take() override { return std::exchange(text_, {}); }
  std::size_t memory_bytes() const override;

 private:
  struct List {
    std::string_view name;
    std::unique_ptr<Rows> rows;
    std::string columns;
  };
  void begin_list(std::string_view name);
  void write_row(const List& list);

  const std::size_t piece_bytes_;
  std::deque<List> lists_;  // the first of them is being written
  std::size_t at_ = 0;      // its next row
  bool is_begun_ = false;
  bool comma_ = false;  // before what is written next
  std::string text_;
};

}  // namespace naru::admin
