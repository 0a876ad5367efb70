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
  if (request->unplaced.empty()) return finish(*request);
  request->places.resize(ranges.size());
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
    request.unplaced.push_back(i);
  }
}

// --- Where they are

void WalReader::proceed(const RequestRef& request) {
  SegmentFile* untold = place_all(*request);
  if (request->error) return finish(*request);
  if (untold != nullptr) {
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
    if (request.error) return false;
    SegmentFile* segment = files_.segments().holding(request.ranges[i].file);
    if (segment == nullptr) {
      place_original(request, i);
      return true;
    }
    if (place_in(request, i, *segment)) return true;
    if (untold == nullptr) untold = segment;
    return false;
  });
  return untold;
}

bool WalReader::place_in(Request& request, std::uint32_t i, SegmentFile& segment) {
  const SegmentTable* table = tables_.find(segment.record.number);
  if (table == nullptr) return false;
  const WalRange& range = request.ranges[i];
  const auto position = table->find(range.file, range.offset, range.bytes);
  if (!position) {
    client_.on_damage(segment.file.path, segment.record.table,
                      fmt::format("the body of {} bytes that was at offset {} of log file {} is "
                                  "not in it",
                                  range.bytes, range.offset, range.file));
    request.slices[i] = zeros(range.bytes);
    return true;
  }
  request.places[i] = {&segment.file, *position};
  WalFiles::add_reader(segment.file);
  request.placed.push_back(i);
  return true;
}

void WalReader::place_original(Request& request, std::uint32_t i) {
  const WalRange& range = request.ranges[i];
  WalFile* file = files_.find(range.file);
  if (file == nullptr || file->file.leaving) {
    request.error = Error{Errc::not_found, fmt::format("log file {} has been retired", range.file)};
  } else if (std::uint64_t{range.offset} + range.bytes > file->record.bytes) {
    request.error = Error{Errc::corrupt, fmt::format("{}: no {} bytes at offset {}",
                                                     file->file.path, range.bytes, range.offset)};
  } else {
    request.places[i] = {&file->file, range.offset};
    WalFiles::add_reader(file->file);
    request.placed.push_back(i);
  }
}

void WalReader::on_table(const RequestRef& request, const Result<void>& result) {
  if (!result && result.error().code == Errc::limit) {
    blocked_ = true;
    without_table_.push_back(request);
    return;
  }
  if (!result) {
    request->error = result.error();
    return finish(*request);
  }
  proceed(request);
}

// --- Reading

void WalReader::join(const RequestRef& request) {
  std::ranges::sort(request->placed, {}, [&](std::uint32_t i) {
    return std::tuple(request->places[i].file->id, request->places[i].offset);
  });
  JoinedRead read;
  for (const std::uint32_t i : request->placed) {
    const Place& place = request->places[i];
    const std::uint64_t begin = place.offset / kWalBlockBytes * kWalBlockBytes;
    const std::uint64_t end = whole_blocks(place.offset + request->ranges[i].bytes);
    const bool joins = !read.ranges.empty() && read.file == place.file &&
                       begin <= read.end + options_.read_gap_bytes_max &&
                       std::max(end, read.end) - read.begin <= options_.read_bytes_max;
    if (!joins) {
      if (!read.ranges.empty()) queue_.push_back(std::move(read));
      read = JoinedRead{
          .request = request, .ranges = {}, .file = place.file, .begin = begin, .end = end};
      ++request->reads_left;
    }
    read.ranges.push_back(i);
    read.end = std::max(read.end, end);
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
    auto handle = files_.open(*queue_.front().file);
    if (!handle && handle.error().code == Errc::limit) {
      blocked_ = true;  // a later turn may have a descriptor
      return;
    }
    JoinedRead read = std::move(queue_.front());
    queue_.pop_front();
    ++in_flight_;
    if (handle) {
      start(std::move(read), **handle);
    } else {
      on_read(std::move(read), {}, std::unexpected(std::move(handle).error()));
    }
  }
}

void WalReader::start(JoinedRead read, io::File& handle) {
  const auto bytes = static_cast<std::size_t>(read.end - read.begin);
  BlockRef block =
      bytes <= pool_.block_bytes() ? pool_.take() : BlockRef::make(bytes, kWalBlockBytes);
  const MutableByteView into(block->data(), bytes);
  const std::uint64_t begin = read.begin;
  handle.read(
      begin, into,
      [this, read = std::move(read), block = std::move(block)](Result<std::size_t> result) mutable {
        on_read(std::move(read), std::move(block), std::move(result));
      });
}

void WalReader::on_read(JoinedRead read, BlockRef block, Result<std::size_t> result) {
  --in_flight_;
  Request& request = *read.request;
  if (!result) {
    Error& error = result.error();
    error.what.insert(0, fmt::format("{}: offset {}: ", read.file->path, read.begin));
    client_.on_files_failed(error);
    if (!request.error) request.error = error;
  } else {
    for (const std::uint32_t i : read.ranges) {
      const std::uint32_t bytes = request.ranges[i].bytes;
      const auto at = static_cast<std::size_t>(request.places[i].offset - read.begin);
      if (at + bytes > *result) {
        request.error =
            Error{Errc::corrupt, fmt::format("{}: ends before offset {}", read.file->path,
                                             request.places[i].offset + bytes)};
        break;
      }
      request.slices[i] = {block, ByteView(block->data() + at, bytes)};
    }
  }
  pool_.give(std::move(block));  // reused once the slices are gone
  issue();
  if (--request.reads_left == 0) finish(request);
}

void WalReader::finish(Request& request) {
  for (const std::uint32_t i : request.placed) files_.drop_reader(*request.places[i].file);
  request.placed.clear();
  if (request.error) return request.done(std::unexpected(std::move(*request.error)));
  request.done(std::move(request.slices));
}

}  // namespace naru::storage
