#pragma once
/// Pages as a snapshot lists them: all that is known of one without reading it. Format:
/// docs/formats/lane.md.
///
///   page  first seq - (previous page's last + 1) · file (zigzag, from the previous page's) ·
///   offset
///         (zigzag, from the previous page's end) · bytes · span · u8 flags (bit 0 two files, 1
///         expires, 2 gone, 3 attempts, 4 more files) · file (zigzag, from the page's own) · bytes
///         of its records · [count of further files] · [(offset step · file step · bytes)…] ·
///         [earliest · latest] · [count · gone…] · [count · attempts…]
///
/// and, apart, what is left of the bytes of those that have lost records:
///
///   held  pages since the last one here · bytes of each file…

#include <cstdint>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "core/queue/index_page.h"

namespace naru::core {

class PageSummaryWriter {
 public:
  explicit PageSummaryWriter(ByteBuffer& out) : out_(out) {}
  /// `chunk` holds the page's records, or stands for them.
  void put(const IndexPage& page, IndexChunk& chunk);

 private:
  ByteBuffer& out_;
  std::uint64_t after_seq_ = 0;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

class PageSummaryReader {
 public:
  explicit PageSummaryReader(ByteReader& in) : in_(in) {}
  /// Fills in a new page, which is not resident. False when the bytes are no page.
  bool next(IndexPage& page);

 private:
  std::int64_t unzigzag_step();
  bool read_place(IndexPage& page);
  bool read_files(IndexPage& page, std::uint8_t flags);
  bool read_exceptions(IndexPage& page, std::uint8_t flags);

  ByteReader& in_;
  std::uint64_t after_seq_ = 0;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

/// Passed each of the pages, in order, that the summaries list.
class HeldBytesWriter {
 public:
  explicit HeldBytesWriter(ByteBuffer& out) : out_(out) {}
  /// `chunk` holds the page's records, or stands for them.
  void put(IndexPage& page, IndexChunk& chunk);

 private:
  ByteBuffer& out_;
  std::uint64_t passed_ = 0;
};

class HeldBytesReader {
 public:
  explicit HeldBytesReader(ByteView held) : in_(held) { read_distance(); }
  /// Sets what is left of a new page, the next one. False when the bytes are wrong.
  bool next(IndexPage& page);
  /// No further page is named.
  bool done() const { return in_.ok() && !more_; }

 private:
  void read_distance() {
    more_ = !in_.done();
    if (more_) passed_ = in_.varint();
  }

  ByteReader in_;
  std::uint64_t passed_ = 0;  // pages in front of the next one that is named
  bool more_ = false;
};

}  // namespace naru::core
