#pragma once
/// What a listing consists of: known from the start, rendered one by one, over many turns.

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "admin/json.h"

namespace naru::admin {

/// The objects of a listing in their usual order, each known by as little as finds it again.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::size_t size() const = 0;
  virtual std::size_t memory_bytes() const = 0;
  /// Nothing when it is gone since.
  virtual std::optional<json::object> render(std::size_t at) = 0;
};

/// The rows that may be rendered, when that is known before they are collected.
struct RowWindow {
  std::size_t first = 0;
  std::size_t end = std::numeric_limits<std::size_t>::max();
  std::size_t size() const { return end - first; }
};

/// Collects rows: counts all of them, and keeps those in the window.
template <typename Row>
class RowList {
 public:
  explicit RowList(RowWindow window = {}) : window_(window) {}
  explicit RowList(std::vector<Row> rows) : rows_(std::move(rows)), size_(rows_.size()) {}

  void reserve(std::size_t count) {
    if (count > window_.first) rows_.reserve(std::min(count, window_.end) - window_.first);
  }
  /// Makes a row of `of` when it is kept; returns it, or null.
  template <typename Of>
  const Row* add(const Of& of) {
    const std::size_t at = size_++;
    return at >= window_.first && at < window_.end ? &rows_.emplace_back(of) : nullptr;
  }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return rows_.capacity() * sizeof(Row); }
  Row& operator[](std::size_t at) { return rows_[at - window_.first]; }
  /// Those that are kept.
  const std::vector<Row>& kept() const { return rows_; }

 private:
  RowWindow window_;
  std::vector<Row> rows_;
  std::size_t size_ = 0;
};

/// `render(row)` gives a std::optional<json::object>. `beside_bytes`: what is held for the rows and
/// is not in them.
template <typename Row, typename Render>
std::unique_ptr<Rows> make_rows(RowList<Row> rows, Render render, std::size_t beside_bytes = 0) {
  class Of final : public Rows {
   public:
    Of(RowList<Row> rows, Render render, std::size_t beside_bytes)
        : rows_(std::move(rows)), render_(std::move(render)), beside_bytes_(beside_bytes) {}
    std::size_t size() const override { return rows_.size(); }
    std::size_t memory_bytes() const override { return rows_.memory_bytes() + beside_bytes_; }
    std::optional<json::object> render(std::size_t at) override { return render_(rows_[at]); }

   private:
    RowList<Row> rows_;
    Render render_;
    const std::size_t beside_bytes_;
  };
  return std::make_unique<Of>(std::move(rows), std::move(render), beside_bytes);
}

template <typename Row, typename Render>
std::unique_ptr<Rows> make_rows(std::vector<Row> rows, Render render,
                                std::size_t beside_bytes = 0) {
  return make_rows(RowList<Row>(std::move(rows)), std::move(render), beside_bytes);
}

/// Rows that are few, and rendered already.
inline std::unique_ptr<Rows> make_rows(std::vector<json::object> objects) {
  return make_rows(std::move(objects),
                   [](const json::object& object) { return std::optional(object); });
}

}  // namespace naru::admin
