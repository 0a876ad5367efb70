#include "storage/file_maker.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "storage/frame.h"

namespace naru::storage {

void FileMaker::start(std::string path, std::uint64_t bytes, TimePoint now, io::VoidDone done) {
  NARU_CHECK(!busy(), "one file is made at a time");
  file_.path = std::move(path);
  file_.kept_open = true;
  bytes_ = bytes;
  offset_ = wanted_ = 0;
  now_ = due_ = now;
  done_ = std::move(done);
  in_flight_ = true;
  fs_.allocate(file_.path, bytes_,
               [this](Result<void> result) { on_allocated(std::move(result)); });
}

void FileMaker::on_allocated(Result<void> result) {
  in_flight_ = false;
  if (!result) return finish(std::move(result));
  auto file = open_files_.open(file_);
  if (!file) return finish(std::unexpected(std::move(file).error()));
  const std::size_t piece = std::min<std::size_t>(options_.zero_bytes_max, bytes_);
  zeros_ = BlockRef::make(piece, kWalBlockBytes);
  std::memset(zeros_->data(), 0, piece);
  go_on(wanted_, now_, alone_);
}

void FileMaker::go_on(std::uint64_t through, TimePoint now, bool alone) {
  wanted_ = through;
  alone_ = alone;
  now_ = now;
  if (file_.handle == nullptr || in_flight_) return;
  if (offset_ < wanted_ || alone_ || now_ >= due_) write_piece();
}

void FileMaker::write_piece() {
  in_flight_ = true;
  due_ = now_ + options_.zero_interval;
  piece_bytes_ = std::min<std::uint64_t>(options_.zero_bytes_max, bytes_ - offset_);
  const ByteView zeros(zeros_->data(), static_cast<std::size_t>(piece_bytes_));
  // Two pointers: more would be allocated, for each piece.
  file_.handle->write(
      offset_, zeros, io::WriteSync::none,
      [this, block = zeros_](const Result<std::size_t>& result) { on_written(result); });
}

void FileMaker::on_written(const Result<std::size_t>& result) {
  in_flight_ = false;
  if (!result) return fail_with(result.error());
  offset_ += piece_bytes_;
  if (offset_ < bytes_) return go_on(wanted_, now_, alone_);
  in_flight_ = true;
  file_.handle->sync([this](const Result<void>& synced) {
    in_flight_ = false;
    if (!synced) return fail_with(synced.error());
    finish({});
  });
}

void FileMaker::fail_with(const Error& error) {
  finish(fail(error.code, file_.path + ": " + error.what));
}

void FileMaker::finish(Result<void> result) {
  open_files_.close(file_);
  zeros_ = {};
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace naru::storage
