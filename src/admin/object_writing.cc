#include "admin/object_writing.h"

#include "admin/listing.h"

namespace naru::admin {

ObjectWriting::ObjectWriting(const json::object& head, std::size_t piece_bytes)
    : piece_bytes_(piece_bytes), comma_(!head.empty()), text_(serialize(head)) {
  text_.pop_back();
}

void ObjectWriting::add(std::string_view name, std::unique_ptr<Rows> rows, std::string columns) {
  lists_.push_back({name, std::move(rows), std::move(columns)});
}

std::size_t ObjectWriting::memory_bytes() const {
  std::size_t bytes = text_.capacity();
  for (const List& list : lists_) bytes += list.rows->memory_bytes();
  return bytes;
}

Result<Writing::Progress> ObjectWriting::advance(std::size_t rows_max) {
  for (; !lists_.empty(); lists_.pop_front()) {
    const List& list = lists_.front();
    if (!is_begun_) begin_list(list.name);
    while (at_ < list.rows->size()) {
      if (text_.size() >= piece_bytes_) return Progress::full;
      if (rows_max-- == 0) return Progress::more;
      write_row(list);
    }
    text_ += ']';
    is_begun_ = false;
    comma_ = true;
  }
  text_ += '}';
  return Progress::whole;
}

void ObjectWriting::begin_list(std::string_view name) {
  if (comma_) text_ += ',';
  text_ += '"' + std::string(name) + "\":[";
  at_ = 0;
  is_begun_ = true;
  comma_ = false;
}

void ObjectWriting::write_row(const List& list) {
  const auto object = list.rows->render(at_++);
  if (!object) return;
  if (std::exchange(comma_, true)) text_ += ',';
  text_ += serialize(list.columns.empty() ? *object : with_columns(*object, list.columns));
}

}  // namespace naru::admin
