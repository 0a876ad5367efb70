#include "storage/segment_reader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::storage {

SegmentReader::SegmentReader(WalFiles& files, StoredFile& file, const Expected& expected,
                             std::uint32_t slice_bytes)
    : files_(files), file_(file), expected_(expected), slice_bytes_(slice_bytes) {
  WalFiles::add_reader(file_);
}

void SegmentReader::next(Done done) {
  NARU_CHECK(!at_end(), "there is a next slice");
  read(slice_bytes_, std::move(done));
}

void SegmentReader::read(std::uint64_t bytes, Done done) {
  const std::uint64_t wanted = std::min(whole_blocks(bytes), expected_.end - offset_);
  auto handle = files_.open(file_);
  if (!handle) return done(std::unexpected(std::move(handle).error()));
  const BlockRef block = BlockRef::make(static_cast<std::size_t>(wanted), kWalBlockBytes);
  const MutableByteView into(block->data(), static_cast<std::size_t>(wanted));
  (*handle)->read(
      offset_, into,
      [this, block, wanted, done = std::move(done)](Result<std::size_t> result) mutable {
        on_read(block, wanted, std::move(result), std::move(done));
      });
}

void SegmentReader::on_read(const BlockRef& block, std::uint64_t wanted, Result<std::size_t> result,
                            Done done) {
  if (!result) return done(std::unexpected(std::move(result).error()));
  if (*result < wanted) return done(fail(Errc::corrupt, "the file ends here"));
  SegmentSlice slice{block, {}};
  ByteView rest(block->data(), static_cast<std::size_t>(wanted));
  while (!rest.empty()) {
    auto taken = take_frame(rest, slice);
    if (!taken) return done(std::unexpected(std::move(taken).error()));
    if (*taken == 0) break;
    rest = rest.subspan(static_cast<std::size_t>(*taken));
  }
  if (!slice.frames.empty()) return done(std::move(slice));
  // A frame that is longer than a slice. Its head was right.
  const std::uint32_t length = read_frame_head(rest)->length;
  read(length, std::move(done));
}

Result<std::uint64_t> SegmentReader::take_frame(ByteView bytes, SegmentSlice& slice) {
  NARU_TRY(head, read_frame_head(bytes));
  if (expected_.incarnation == 0) expected_.incarnation = head.identity.incarnation;
  const FrameIdentity identity{expected_.volume, expected_.incarnation, expected_.first_frame};
  if (head.identity != identity || head.file != expected_.file) {
    return fail(Errc::corrupt, "this frame does not belong here");
  }
  const std::uint64_t padded = whole_blocks(head.length);
  if (padded > expected_.end - offset_) return fail(Errc::corrupt, "the frame is too long");
  if (padded > bytes.size()) return 0;
  const ByteView frame = bytes.first(head.length);
  if (!NARU_MUTANT(copy_unverified)) NARU_TRY_VOID(verify_entries(head, frame));
  slice.frames.push_back({offset_, frame});
  offset_ += padded;
  ++expected_.first_frame;
  if (at_end() && expected_.last_frame != 0 && expected_.first_frame != expected_.last_frame + 1) {
    return fail(Errc::corrupt, "the frames do not fit the manifest");
  }
  return padded;
}

}  // namespace naru::storage
