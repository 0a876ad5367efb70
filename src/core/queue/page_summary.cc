#include "core/queue/page_summary.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

namespace naru::core {

namespace {
constexpr std::uint8_t kTwoFiles = 1;
constexpr std::uint8_t kExpires = 2;
constexpr std::uint8_t kGone = 4;
constexpr std::uint8_t kAttempts = 8;
constexpr std::uint8_t kMoreFiles = 16;

bool says_gone(const IndexPage::Exceptions& exceptions) {
  return !exceptions.gone.empty() && !NARU_MUTANT(drop_settle_of_page);
}

void put_exceptions(ByteBuffer& out, const IndexPage::Exceptions& exceptions) {
  std::uint32_t next = 0;
  if (says_gone(exceptions)) {
    out.varint(exceptions.gone.size());
    for (const IndexPage::Gone& range : exceptions.gone) {
      out.varint(range.first - next);
      out.varint(static_cast<std::uint32_t>(range.last - range.first));
      next = range.last + 1u;
    }
  }
  next = 0;
  if (!exceptions.attempts.empty()) {
    out.varint(exceptions.attempts.size());
    for (const IndexPage::Attempts& it : exceptions.attempts) {
      out.varint(it.offset - next);
      out.u8(it.count);
      next = it.offset + 1u;
    }
  }
}

}  // namespace

void PageSummaryWriter::put(const IndexPage& page, IndexChunk& chunk) {
  const IndexPage::Exceptions exceptions =
      chunk.resident() ? page.exceptions_of(chunk) : page.all_exceptions();

  out_.varint(page.first_seq().value - after_seq_);
  out_.varint(zigzag(std::int64_t{page.location.file} - file_));
  out_.varint(zigzag(std::int64_t{page.location.offset} - end_));
  out_.varint(page.bytes);
  out_.varint(page.span);
  const std::size_t files = page.files.size();
  out_.u8(static_cast<std::uint8_t>((files == 2 ? kTwoFiles : 0) | (files > 2 ? kMoreFiles : 0) |
                                    (page.earliest_expiry != 0 ? kExpires : 0) |
                                    (says_gone(exceptions) ? kGone : 0) |
                                    (!exceptions.attempts.empty() ? kAttempts : 0)));
  out_.varint(zigzag(std::int64_t{page.files[0].file} - page.location.file));
  out_.varint(page.files[0].bytes);
  if (files > 2) out_.varint(files - 1);
  for (std::size_t at = 1; at < files; ++at) {
    out_.varint(std::uint64_t{page.files[at].first} - page.files[at - 1].first);
    out_.varint(page.files[at].file - page.files[at - 1].file);
    out_.varint(page.files[at].bytes);
  }
  if (page.earliest_expiry != 0) {
    out_.varint(static_cast<std::uint64_t>(page.earliest_expiry));
    out_.varint(static_cast<std::uint64_t>(page.latest_expiry));
  }
  put_exceptions(out_, exceptions);
  after_seq_ = page.last_seq().value + 1;
  file_ = page.location.file;
  end_ = std::int64_t{page.location.offset} + page.bytes;
}

bool PageSummaryReader::next(IndexPage& page) {
  if (!read_place(page)) return false;
  const std::uint8_t flags = in_.u8();
  if ((flags & ~(kTwoFiles | kExpires | kGone | kAttempts | kMoreFiles)) != 0) return false;
  if (!read_files(page, flags)) return false;
  if ((flags & kExpires) != 0) {
    page.earliest_expiry = static_cast<WallMs>(in_.varint());
    page.latest_expiry = static_cast<WallMs>(in_.varint());
    if (page.earliest_expiry == 0) return false;
  }
  return read_exceptions(page, flags);
}

bool PageSummaryReader::read_place(IndexPage& page) {
  const std::uint64_t distance = in_.varint();
  const std::int64_t file = file_ + unzigzag_step();
  const std::int64_t offset = end_ + unzigzag_step();
  const std::uint64_t bytes = in_.varint();
  const std::uint64_t span = in_.varint();
  if (!in_.ok() || distance > kSeqMax || after_seq_ + distance > kSeqMax ||
      span >= IndexPage::kSpanMax || bytes > UINT32_MAX - kBodyCrcBytes || file < 1 ||
      file > UINT32_MAX || offset < kBodyCrcBytes || offset > UINT32_MAX)
    return false;
  page.shell.first_seq = after_seq_ + distance;
  page.span = static_cast<std::uint16_t>(span);
  if (!page.first_seq() || page.last_seq().value > kSeqMax) return false;
  page.location = {static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(offset)};
  page.bytes = static_cast<std::uint32_t>(bytes);
  after_seq_ = page.last_seq().value + 1;
  file_ = file;
  end_ = offset + static_cast<std::int64_t>(bytes);
  return true;
}

bool PageSummaryReader::read_files(IndexPage& page, std::uint8_t flags) {
  std::int64_t file = page.location.file + unzigzag_step();
  std::uint64_t bytes = in_.varint();
  std::uint64_t more = (flags & kTwoFiles) != 0 ? 1 : 0;
  if ((flags & kMoreFiles) != 0) {
    more = in_.varint();
    if ((flags & kTwoFiles) != 0 || more < 2) return false;
  }
  if (!in_.ok() || file < 1 || file > UINT32_MAX || bytes > UINT32_MAX ||
      more >= IndexPage::kFilesMax)
    return false;
  page.files.reserve(1 + more);
  std::uint64_t first = 0;
  for (;;) {
    page.files.push_back({static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(bytes), 0,
                          static_cast<std::uint16_t>(first)});
    if (more-- == 0) return true;
    const std::uint64_t offset_step = in_.varint();
    const std::uint64_t step = in_.varint();
    bytes = in_.varint();
    if (!in_.ok() || offset_step == 0 || offset_step > page.span - first || step == 0 ||
        step > static_cast<std::uint64_t>(UINT32_MAX - file) || bytes > UINT32_MAX)
      return false;
    first += offset_step;
    file += static_cast<std::int64_t>(step);
  }
}

bool PageSummaryReader::read_exceptions(IndexPage& page, std::uint8_t flags) {
  IndexPage::Exceptions stored;
  std::uint64_t next = 0;
  if ((flags & kGone) != 0) {
    const std::uint64_t count = in_.varint();
    if (count == 0) return false;
    for (std::uint64_t left = count; left > 0; --left) {
      const std::uint64_t distance = in_.varint();
      const std::uint64_t more = in_.varint();
      if (!in_.ok() || distance > page.span || more > page.span ||
          next + distance + more > page.span)
        return false;
      stored.gone.push_back({static_cast<std::uint16_t>(next + distance),
                             static_cast<std::uint16_t>(next + distance + more)});
      next += distance + more + 1;
    }
  }
  next = 0;
  if ((flags & kAttempts) != 0) {
    const std::uint64_t count = in_.varint();
    if (count == 0) return false;
    for (std::uint64_t left = count; left > 0; --left) {
      const std::uint64_t distance = in_.varint();
      const std::uint8_t attempts = in_.u8();
      if (!in_.ok() || distance > page.span || next + distance > page.span) return false;
      stored.attempts.push_back({static_cast<std::uint16_t>(next + distance), attempts});
      next += distance + 1;
    }
  }
  return in_.ok() && page.restore(std::move(stored));
}

std::int64_t PageSummaryReader::unzigzag_step() {
  // No two places are further apart; more would overflow what it is added to.
  constexpr std::int64_t kStepMax = std::int64_t{1} << 33;
  const std::int64_t step = unzigzag(in_.varint());
  if (step < -kStepMax || step > kStepMax) in_.set_failed();
  return in_.ok() ? step : 0;
}

void HeldBytesWriter::put(IndexPage& page, IndexChunk& chunk) {
  if (chunk.resident()) page.count_held(chunk);
  const auto lost_some = [](const IndexPage::File& file) { return file.held != file.bytes; };
  if (!std::ranges::any_of(page.files, lost_some)) return (void)++passed_;
  out_.varint(std::exchange(passed_, 0));
  for (const IndexPage::File& file : page.files) out_.varint(file.held);
}

bool HeldBytesReader::next(IndexPage& page) {
  if (!in_.ok()) return false;
  if (!more_) return true;
  if (passed_ != 0) {
    --passed_;
    return true;
  }
  for (IndexPage::File& file : page.files) {
    const std::uint64_t held = in_.varint();
    if (!in_.ok() || held > file.bytes) return false;
    if (file.held != 0) file.held = static_cast<std::uint32_t>(held);
  }
  read_distance();
  return in_.ok();
}

}  // namespace naru::core
