#include "protocol/output.h"

#include <algorithm>

#include "base/check.h"

namespace naru::protocol {

void Output::append(Slice slice) {
  if (behind_.empty()) return append_to_gap(std::move(slice));
  if (slice.view.empty()) return;
  Stretch& last = *behind_.back();
  if (copies_) return last.buffer.append(slice.view);
  last.slice_bytes += slice.view.size();
  last.references.push_back({last.buffer.size(), std::move(slice)});
}

// Also where everything goes while there is none.
void Output::append_to_gap(Slice slice) {
  if (slice.view.empty()) return;
  if (copies_) return buffer_.append(slice.view);
  slice_bytes_ += slice.view.size();
  references_.push_back({buffer_.size(), std::move(slice)});
}

void Output::close_gap() {
  NARU_CHECK(has_gap(), "a gap is closed that was opened");
  const std::unique_ptr<Stretch> next = std::move(behind_.front());
  behind_.erase(behind_.begin());
  for (Reference& reference : next->references) {
    reference.at += buffer_.size();
    references_.push_back(std::move(reference));
  }
  buffer_.append(next->buffer.view());
  slice_bytes_ += next->slice_bytes;
}

std::size_t Output::behind_bytes() const {
  std::size_t bytes = 0;
  for (const auto& stretch : behind_) bytes += stretch->buffer.size() + stretch->slice_bytes;
  return bytes;
}

std::size_t Output::behind_memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& stretch : behind_)
    bytes += sizeof(Stretch) + stretch->buffer.capacity() + stretch->slice_bytes;
  return bytes;
}

std::size_t Output::gather(std::span<ByteView> pieces) const {
  std::size_t used = 0;
  std::size_t at = buffer_sent_;
  for (std::size_t i = references_sent_; i < references_.size() && used < pieces.size(); ++i) {
    const Reference& reference = references_[i];
    if (reference.at > at) {
      pieces[used++] = buffer_.view().subspan(at, reference.at - at);
      at = reference.at;
      if (used == pieces.size()) return used;
    }
    pieces[used++] = reference.slice.view.subspan(reference.sent);
  }
  if (used < pieces.size() && at < buffer_.size()) pieces[used++] = buffer_.view().subspan(at);
  return used;
}

void Output::consume(std::size_t count) {
  NARU_CHECK(count <= sendable_bytes(), "no more was written than was there");
  while (count > 0) {
    const bool reference_next =
        references_sent_ < references_.size() && references_[references_sent_].at == buffer_sent_;
    if (reference_next) {
      Reference& reference = references_[references_sent_];
      const std::size_t part = std::min(count, reference.slice.view.size() - reference.sent);
      reference.sent += part;
      slice_bytes_ -= part;
      count -= part;
      if (reference.sent == reference.slice.view.size()) {
        reference.slice = {};
        ++references_sent_;
      }
      continue;
    }
    const std::size_t end =
        references_sent_ < references_.size() ? references_[references_sent_].at : buffer_.size();
    const std::size_t part = std::min(count, end - buffer_sent_);
    buffer_sent_ += part;
    count -= part;
  }
  if (sendable_bytes() == 0) {
    buffer_.clear();
    buffer_sent_ = 0;
    references_.clear();
    references_sent_ = 0;
  } else if (buffer_sent_ >= kCompactBytesMin && buffer_sent_ >= buffer_.size() / 2) {
    compact();
  }
}

void Output::compact() {
  buffer_.consume(buffer_sent_);
  references_.erase(references_.begin(),
                    references_.begin() + static_cast<std::ptrdiff_t>(references_sent_));
  references_sent_ = 0;
  for (Reference& reference : references_) reference.at -= buffer_sent_;
  buffer_sent_ = 0;
}

void Output::swap_buffer(ByteBuffer& other) {
  NARU_CHECK(empty() && other.empty(), "only empty buffers change hands");
  buffer_.swap(other);
}

}  // namespace naru::protocol
