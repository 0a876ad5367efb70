#include "storage/wal_cache.h"

#include <algorithm>
#include <ranges>
#include <tuple>
#include <utility>

namespace naru::storage {

void WalCache::add(std::uint32_t file, std::uint32_t offset, const BlockRef& block,
                   ByteView bytes) {
  if (!runs_.empty()) {
    CachedBytes& last = runs_.back();
    const std::uint8_t* end = last.bytes.view.data() + last.bytes.view.size();
    const bool same_block = last.bytes.owner.get() == block.get();
    if (same_block && last.file == file && last.begin + last.bytes.view.size() == offset &&
        end == bytes.data()) {
      last.bytes.view = ByteView(last.bytes.view.data(), last.bytes.view.size() + bytes.size());
      return;
    }
    if (!same_block) held_bytes_ += block->capacity();
  } else {
    held_bytes_ += block->capacity();
  }
  runs_.push_back({file, offset, {block, bytes}});
}

BlockRef WalCache::pop() {
  BlockRef block = std::move(runs_.front().bytes.owner);
  runs_.pop_front();
  // A block that crosses from one file to the next has two runs, one behind the other.
  if (!runs_.empty() && runs_.front().bytes.owner.get() == block.get()) return {};
  held_bytes_ -= block->capacity();
  return block;
}

BlockRef WalCache::evict() {
  while (held_bytes_ > bytes_max_ && !runs_.empty()) {
    if (BlockRef block = pop()) return block;
  }
  return {};
}

void WalCache::drop_before(std::uint32_t file, std::uint32_t offset) {
  while (!runs_.empty()) {
    const CachedBytes& run = runs_.front();
    const std::uint64_t end = run.begin + std::uint64_t{run.bytes.view.size()};
    if (std::tuple(run.file, end) > std::tuple(file, std::uint64_t{offset})) return;
    pop();
  }
}

std::optional<CachedBytes> WalCache::find(std::uint32_t file, std::uint32_t offset) const {
  const auto places = std::views::iota(std::size_t{0}, runs_.size());
  const auto after = std::ranges::upper_bound(
      places, std::tuple(file, offset), {},
      [&](std::size_t at) { return std::tuple(runs_[at].file, runs_[at].begin); });
  if (after == places.begin()) return std::nullopt;
  const CachedBytes& run = runs_[*std::ranges::prev(after)];
  if (run.file != file || offset - run.begin >= run.bytes.view.size()) return std::nullopt;
  return run;
}

}  // namespace naru::storage
