#include "storage/wal_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace naru::storage {

void WalReader::read(std::span<const WalRange> ranges, Done done) {
  auto request = std::make_shared<Request>();
  request->ranges.assign(ranges.begin(), ranges.end());
  request->slices.resize(ranges.size());
  request->done = std::move(done);
  std::vector<std::uint32_t> missing;
  request->error = serve_cached(*request, missing);
  if (request->error || missing.empty()) return finish(*request);
  join(request, std::move(missing));
  issue();
}

std::optional<Error> WalReader::serve_cached(Request& request,
                                             std::vector<std::uint32_t>& missing) {
  for (std::uint32_t i = 0; i < request.ranges.size(); ++i) {
    const WalRange& range = request.ranges[i];
    if (auto run = cache_.find(range.file, range.offset)) {
      const std::uint32_t at = range.offset - run->begin;
      if (range.bytes <= run->bytes.view.size() - at) {
        request.slices[i] = {run->bytes.owner, run->bytes.view.subspan(at, range.bytes)};
        continue;
      }
    }
    const WalFile* file = files_.find(range.file);
    if (file == nullptr) {
      return Error{Errc::not_found, fmt::format("log file {} has been retired", range.file)};
    }
    if (std::uint64_t{range.offset} + range.bytes > file->record.bytes) {
      return Error{Errc::corrupt,
                   fmt::format("{}: no {} bytes at offset {}", files_.path(file->record),
                               range.bytes, range.offset)};
    }
    missing.push_back(i);
  }
  return std::nullopt;
}

void WalReader::join(const std::shared_ptr<Request>& request, std::vector<std::uint32_t> missing) {
  std::ranges::sort(missing, {}, [&](std::uint32_t i) {
    return std::tuple(request->ranges[i].file, request->ranges[i].offset);
  });
  JoinedRead read;
  for (const std::uint32_t i : missing) {
    const WalRange& range = request->ranges[i];
    WalFile* file = files_.find(range.file);
    const std::uint64_t begin = range.offset / kWalBlockBytes * kWalBlockBytes;
    const std::uint64_t end = whole_blocks(std::uint64_t{range.offset} + range.bytes);
    const bool joins = !read.ranges.empty() && read.file == file &&
                       begin <= read.end + options_.read_gap_bytes_max &&
                       std::max(end, read.end) - read.begin <= options_.read_bytes_max;
    if (!joins) {
      if (!read.ranges.empty()) queue_.push_back(std::move(read));
      read = JoinedRead{.request = request, .ranges = {}, .file = file, .begin = begin, .end = end};
      ++request->reads_left;
    }
    read.ranges.push_back(i);
    read.end = std::max(read.end, end);
  }
  queue_.push_back(std::move(read));
  // The file must not be reused while a read of it waits.
  for (std::size_t i = queue_.size() - request->reads_left; i < queue_.size(); ++i) {
    WalFiles::add_reader(queue_[i].file->file);
  }
}

void WalReader::issue() {
  blocked_ = false;
  while (in_flight_ < options_.reads_in_flight && !queue_.empty()) {
    auto handle = files_.open(queue_.front().file->file);
    blocked_ = !handle && handle.error().code == Errc::limit;
    if (blocked_) return;  // a later turn may have a descriptor
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
    error.what.insert(0, fmt::format("{}: offset {}: ", read.file->file.path, read.begin));
    client_.on_files_failed(error);
    if (!request.error) request.error = error;
  } else {
    for (const std::uint32_t i : read.ranges) {
      const WalRange& range = request.ranges[i];
      const auto at = static_cast<std::size_t>(range.offset - read.begin);
      if (at + range.bytes > *result) {
        request.error =
            Error{Errc::corrupt, fmt::format("{}: ends before offset {}", read.file->file.path,
                                             range.offset + range.bytes)};
        break;
      }
      request.slices[i] = {block, ByteView(block->data() + at, range.bytes)};
    }
  }
  pool_.give(std::move(block));  // reused once the slices are gone
  files_.drop_reader(read.file->file);
  issue();
  if (--request.reads_left == 0) finish(request);
}

void WalReader::finish(Request& request) {
  if (request.error) return request.done(std::unexpected(std::move(*request.error)));
  request.done(std::move(request.slices));
}

}  // namespace naru::storage
