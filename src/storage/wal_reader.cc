#include "storage/wal_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace naru::storage {

namespace {

/// What is read instead of a body that is not where it was: no check lets it pass.
Slice zeros(std::uint32_t bytes) {
  BlockRef block = BlockRef::make(bytes);
  std::memset(block->data(), 0, bytes);
  const ByteView view(block->data(), bytes);
  return {std::move(block), view};
}

}  // namespace

void WalReader::read(std::span<const WalRange> ranges, Done done) {
  auto request = std::make_shared<Request>();
  request->ranges.assign(ranges.begin(), ranges.end());
  request->slices.resize(ranges.size());
  request->done = std::move(done);
  serve_cached(*request);
  if (request->uncached.empty()) return finish(*request);
  request->places.resize(ranges.size());
  request->placed.reserve(request->uncached.size());
  for (const std::uint32_t i : request->uncached) hold(*request, i);
  proceed(request);
}

void WalReader::serve_cached(Request& request) {
  for (std::uint32_t i = 0; i < request.ranges.size(); ++i) {
    const WalRange& range = request.ranges[i];
    if (auto run = cache_.find(range.file, range.offset)) {
      const std::uint32_t at = range.offset - run->begin;
      if (range.bytes <= run->bytes.view.size() - at) {
        request.slices[i] = {run->bytes.owner, run->bytes.view.subspan(at, range.bytes)};
        continue;
      }
    }
    if (request.uncached.empty()) request.uncached.reserve(request.ranges.size() - i);
    request.uncached.push_back(i);
  }
}

// --- Where they are

/// Finds the file, which stays from now on.
void WalReader::hold(Request& request, std::uint32_t i) {
  SegmentFile* segment = files_.segments().holding(request.ranges[i].file);
  if (segment == nullptr) return hold_original(request, i);
  WalFiles::add_reader(segment->file);
  request.places[i] = {.file = &segment->file, .segment = segment, .offset = 0};
  request.unplaced.push_back(i);
}

void WalReader::hold_original(Request& request, std::uint32_t i) {
  const WalRange& range = request.ranges[i];
  WalFile* file = files_.find(range.file);
  if (file == nullptr || file->file.leaving) {
    request.slices[i] = zeros(range.bytes);
  } else if (std::uint64_t{range.offset} + range.bytes > file->record.bytes) {
    client_.on_damage(file->file.path, range.offset, "the file ends in it");
    request.slices[i] = zeros(range.bytes);
  } else {
    WalFiles::add_reader(file->file);
    request.places[i] = {.file = &file->file, .segment = nullptr, .offset = range.offset};
    request.placed.push_back(i);
  }
}

void WalReader::proceed(const RequestRef& request) {
  if (SegmentFile* untold = place_all(*request)) {
    return tables_.load(*untold,
                        [this, request](const Result<void>& result) { on_table(request, result); });
  }
  if (request->placed.empty()) return finish(*request);
  join(request);
  issue();
}

/// Places what can be placed; returns a segment whose table is needed for others.
SegmentFile* WalReader::place_all(Request& request) {
  SegmentFile* untold = nullptr;
  std::erase_if(request.unplaced, [&](std::uint32_t i) {
    if (place(request, i)) return true;
    if (untold == nullptr) untold = request.places[i].segment;
    return false;
  });
  return untold;
}

/// In the segment that it was in when it was asked for: a newer one need not have it.
bool WalReader::place(Request& request, std::uint32_t i) {
  const SegmentFile& segment = *request.places[i].segment;
  const SegmentTable* table = tables_.find(segment.record.number);
  if (table == nullptr) return false;
  const WalRange& range = request.ranges[i];
  if (const auto position = table->find(range.file, range.offset, range.bytes)) {
    request.places[i].offset = *position;
    request.placed.push_back(i);
  } else {
    client_.on_damage(segment.file.path, segment.record.table,
                      fmt::format("the body of {} bytes that was at offset {} of log file {} is "
                                  "not in it",
                                  range.bytes, range.offset, range.file));
    request.slices[i] = zeros(range.bytes);
  }
  return true;
}

void WalReader::on_table(const RequestRef& request, const Result<void>& result) {
  if (!result) {
    blocked_ = true;
    without_table_.push_back(request);
    return;
  }
  proceed(request);
}

WalPlace WalReader::locate(const WalRange& range) {
  if (const SegmentFile* segment = files_.segments().holding(range.file)) {
    const SegmentTable* table = tables_.find(segment->record.number);
    const auto position =
        table != nullptr ? table->find(range.file, range.offset, range.bytes) : std::nullopt;
    return {segment->file.path, position ? *position : segment->record.table};
  }
  const WalFile* file = files_.find(range.file);
  return {file != nullptr ? file->file.path : fmt::format("log file {}", range.file), range.offset};
}

// --- Reading

/// The whole blocks that cover one range.
WalReader::Blocks WalReader::blocks_of(const Request& request, std::uint32_t i) {
  const Place& place = request.places[i];
  return {.file = place.file,
          .begin = place.offset / kWalBlockBytes * kWalBlockBytes,
          .end = whole_blocks(place.offset + request.ranges[i].bytes)};
}

void WalReader::join(const RequestRef& request) {
  std::ranges::sort(request->placed, {}, [&](std::uint32_t i) {
    return std::tuple(request->places[i].file->id, request->places[i].offset);
  });
  JoinedRead read;
  for (const std::uint32_t i : request->placed) {
    const Blocks next = blocks_of(*request, i);
    Blocks& blocks = read.blocks;
    const bool joins = !read.ranges.empty() && blocks.file == next.file &&
                       next.begin <= blocks.end + options_.read_gap_bytes_max &&
                       std::max(next.end, blocks.end) - blocks.begin <= options_.read_bytes_max;
    if (!joins) {
      if (!read.ranges.empty()) queue_.push_back(std::move(read));
      read = JoinedRead{.request = request, .ranges = {}, .blocks = next};
      read.ranges.reserve(request->placed.size());
      ++request->reads_left;
    }
    read.ranges.push_back(i);
    blocks.end = std::max(blocks.end, next.end);
  }
  queue_.push_back(std::move(read));
}

void WalReader::tend() {
  blocked_ = false;
  for (const RequestRef& request : std::exchange(without_table_, {})) proceed(request);
  issue();
}

void WalReader::issue() {
  while (in_flight_ < options_.reads_in_flight && !queue_.empty()) {
    auto handle = files_.open(*queue_.front().blocks.file);
    if (!handle && handle.error().code == Errc::limit) {
      blocked_ = true;  // a later turn may have a descriptor
      return;
    }
    JoinedRead read = std::move(queue_.front());
    queue_.pop_front();
    if (handle) {
      ++in_flight_;
      start(std::move(read), **handle);
    } else {
      give_up(read, handle.error());
      end(read);
    }
  }
}

void WalReader::start(JoinedRead read, io::File& handle) {
  const auto bytes = static_cast<std::size_t>(read.blocks.end - read.blocks.begin);
  // What is not copied holds all of its block (cut()): a large one is not for a short read.
  const bool fits = bytes <= pool_.block_bytes() && 2 * bytes > pool_.block_bytes();
  BlockRef block = fits ? pool_.take() : BlockRef::make(bytes, kWalBlockBytes);
  const MutableByteView into(block->data(), bytes);
  const std::uint64_t begin = read.blocks.begin;
  handle.read(
      begin, into,
      [this, read = std::move(read), block = std::move(block)](
          const Result<std::size_t>& result) mutable { on_read(read, std::move(block), result); });
}

void WalReader::on_read(const JoinedRead& read, BlockRef block, const Result<std::size_t>& result) {
  --in_flight_;
  if (result) {
    cut(read, block, *result);
  } else if (read.ranges.size() > 1) {
    read_apart(read);
  } else {
    give_up(read, result.error());
  }
  pool_.give(std::move(block));  // reused once the slices are gone
  issue();
  end(read);
}

/// Hands out what was read: `got` bytes from where the read begins. Whoever gets a part of a block
/// holds all of it, and accounts for that part: of a block that is mostly gaps a copy is given.
void WalReader::cut(const JoinedRead& read, const BlockRef& block, std::size_t got) {
  Request& request = *read.request;
  std::size_t asked = 0;
  for (const std::uint32_t i : read.ranges) asked += request.ranges[i].bytes;
  const bool sparse = 2 * asked < block->capacity() + kWalBlockBytes;  // its head is as large
  const BlockRef copy = sparse ? BlockRef::make(asked) : BlockRef();
  std::size_t copied = 0;
  bool whole = true;
  for (const std::uint32_t i : read.ranges) {
    const std::uint32_t bytes = request.ranges[i].bytes;
    const auto at = static_cast<std::size_t>(request.places[i].offset - read.blocks.begin);
    if (at + bytes > got) {
      request.slices[i] = zeros(bytes);
      if (std::exchange(whole, false)) tell(read, request.places[i].offset, "the file ends in it");
    } else if (sparse) {
      std::memcpy(copy->data() + copied, block->data() + at, bytes);
      request.slices[i] = {copy, ByteView(copy->data() + copied, bytes)};
      copied += bytes;
    } else {
      request.slices[i] = {block, ByteView(block->data() + at, bytes)};
    }
  }
}

/// A part of it cannot be read: each range by itself, so that only those are lost that lie there.
void WalReader::read_apart(const JoinedRead& read) {
  for (const std::uint32_t i : read.ranges) {
    queue_.push_front(
        {.request = read.request, .ranges = {i}, .blocks = blocks_of(*read.request, i)});
    ++read.request->reads_left;
  }
}

void WalReader::give_up(const JoinedRead& read, const Error& error) {
  Request& request = *read.request;
  for (const std::uint32_t i : read.ranges) request.slices[i] = zeros(request.ranges[i].bytes);
  tell(read, request.places[read.ranges.front()].offset, "it cannot be read: " + error.what);
}

void WalReader::tell(const JoinedRead& read, std::uint64_t offset, const std::string& what) {
  client_.on_damage(read.blocks.file->path, offset, what);
}

void WalReader::end(const JoinedRead& read) {
  if (--read.request->reads_left == 0) finish(*read.request);
}

void WalReader::finish(Request& request) {
  for (const std::uint32_t i : request.uncached) {
    StoredFile* file = std::exchange(request.places[i].file, nullptr);
    if (file == nullptr) continue;
    if (file->leaving) ++late_ranges_;
    files_.drop_reader(*file);
  }
  request.done(std::move(request.slices));
}

}  // namespace naru::storage
