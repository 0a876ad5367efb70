#include "core/queue/index_page.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::core {

bool IndexPage::describe(std::span<const RecordPlace> places) {
  if (places.empty() || places.size() > kPlacesMax) return false;
  const std::uint64_t distance = places.back().seq.value - places.front().seq.value;
  if (distance >= kSpanMax) return false;
  shell.first_seq = places.front().seq.value;
  span = static_cast<std::uint16_t>(distance);
  bool all_expire = true;
  for (const RecordPlace& place : places) {
    if (place.attempts != 0 || (place.flags & IndexEntry::kPersistent) == 0) return false;
    if (files.empty() || files.back().file != place.location.file) {
      if (files.size() == kFilesMax) return false;
      if (!files.empty() && files.back().file > place.location.file) return false;
      files.push_back({place.location.file, 0, 0, offset_of(place.seq)});
    }
    File& file = files.back();
    if (place.bytes > UINT32_MAX - file.bytes) return false;
    file.bytes += place.bytes;
    if (place.expires_at_ms == 0) {
      all_expire = false;
      continue;
    }
    earliest_expiry =
        earliest_expiry == 0 ? place.expires_at_ms : std::min(earliest_expiry, place.expires_at_ms);
    latest_expiry = std::max(latest_expiry, place.expires_at_ms);
  }
  if (!all_expire) latest_expiry = 0;
  files.shrink_to_fit();
  return true;
}

bool IndexPage::is_written_as(const IndexPage& other) const {
  const auto same_file = [](const File& a, const File& b) {
    return a.file == b.file && a.bytes == b.bytes && a.first == b.first;
  };
  return shell.first_seq == other.shell.first_seq && span == other.span &&
         earliest_expiry == other.earliest_expiry && latest_expiry == other.latest_expiry &&
         std::ranges::equal(files, other.files, same_file);
}

std::uint64_t IndexPage::held_bytes() const {
  std::uint64_t sum = 0;
  for (const File& file : files) sum += file.held;
  return sum;
}

bool IndexPage::has(Seq seq) const {
  if (seq < first_seq() || seq > last_seq()) return false;
  return remaining(offset_of(seq), offset_of(seq)) != 0;
}

std::uint32_t IndexPage::file_of(Seq seq) const {
  return files[place_of_file(offset_of(seq))].file;
}

std::size_t IndexPage::place_of_file(std::uint32_t offset) const {
  const auto behind = std::ranges::upper_bound(files, offset, {}, &File::first);
  return static_cast<std::size_t>(behind - files.begin()) - 1;  // the first begins at 0
}

std::size_t IndexPage::memory_bytes() const {
  std::size_t sum = sizeof *this + files.capacity() * sizeof(File);
  if (exceptions != nullptr)
    sum += sizeof(Exceptions) + exceptions->gone.capacity() * sizeof(Gone) +
           exceptions->attempts.capacity() * sizeof(Attempts);
  return sum;
}

std::uint8_t IndexPage::attempts_of(Seq seq) const {
  if (exceptions == nullptr) return attempts;
  const auto& list = exceptions->attempts;
  const auto found = std::ranges::lower_bound(list, offset_of(seq), {}, &Attempts::offset);
  return found != list.end() && found->offset == offset_of(seq) ? found->count : attempts;
}

// Records from offset `first` to `last` that are not gone.
std::uint32_t IndexPage::remaining(std::uint32_t first, std::uint32_t last) const {
  if (last < first) return 0;
  std::uint32_t count = last - first + 1;
  if (exceptions == nullptr) return count;
  const auto& gone = exceptions->gone;
  auto range = std::ranges::lower_bound(gone, first, {}, &Gone::last);
  for (; range != gone.end() && range->first <= last; ++range) {
    count -= std::min<std::uint32_t>(range->last, last) -
             std::max<std::uint32_t>(range->first, first) + 1;
  }
  return count;
}

LiveChange IndexPage::leaving(std::size_t file, std::uint32_t begin, std::uint32_t end) const {
  const std::uint32_t first = files[file].first;
  const std::uint32_t last = file_end(file);
  const std::uint64_t records = remaining(std::max(begin, first), std::min(end, last));
  if (records == 0) return {};
  const std::uint64_t share = files[file].held * records / remaining(first, last);
  return {static_cast<std::int64_t>(records), static_cast<std::int64_t>(share)};
}

void IndexPage::remove(Seq first, Seq last) {
  if (last < first_seq() || first > last_seq()) return;
  const std::uint32_t begin = begin_of(first);
  const std::uint32_t end = end_of(last);
  const std::uint32_t records = remaining(begin, end);
  if (records == 0) return;
  shell.live -= records;
  for (std::size_t at = place_of_file(begin); at < files.size() && files[at].first <= end; ++at)
    files[at].held -= static_cast<std::uint32_t>(leaving(at, begin, end).bytes);
  if (exceptions == nullptr) exceptions = std::make_unique<Exceptions>();
  add_gone(static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(end));
  std::erase_if(exceptions->attempts,
                [&](const Attempts& it) { return it.offset >= begin && it.offset <= end; });
}

// Joins the range with those that it overlaps or touches.
void IndexPage::add_gone(std::uint16_t first, std::uint16_t last) {
  auto& gone = exceptions->gone;
  const auto begin = std::ranges::partition_point(
      gone, [&](const Gone& it) { return std::uint32_t{it.last} + 1 < first; });
  auto end = begin;
  for (; end != gone.end() && end->first <= std::uint32_t{last} + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  gone.insert(gone.erase(begin, end), {first, last});
}

void IndexPage::add_attempt(Seq first, Seq last) {
  first = std::max(first, first_seq());
  last = std::min(last, last_seq());
  for (Seq seq = first; seq <= last; seq = seq.next()) {
    const std::uint8_t before = attempts_of(seq);
    if (!has(seq) || before == UINT8_MAX) continue;
    if (exceptions == nullptr) exceptions = std::make_unique<Exceptions>();
    auto& list = exceptions->attempts;
    const auto found = std::ranges::lower_bound(list, offset_of(seq), {}, &Attempts::offset);
    if (found == list.end() || found->offset != offset_of(seq)) {
      list.insert(found, {offset_of(seq), static_cast<std::uint8_t>(before + 1)});
    } else {
      ++found->count;
    }
  }
  if (exceptions != nullptr && exceptions->attempts.size() == shell.live) keep(all_exceptions());
}

IndexPage::Exceptions IndexPage::exceptions_of(IndexChunk& chunk) const {
  Exceptions found;
  std::uint32_t next = 0;  // offset behind the last record
  chunk.each_live([&](Seq seq, const IndexEntry& entry) {
    const std::uint16_t offset = offset_of(seq);
    if (offset > next)
      found.gone.push_back(
          {static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(offset - 1)});
    if (entry.attempts != 0) found.attempts.push_back({offset, entry.attempts});
    next = offset + 1u;
  });
  if (next <= span) found.gone.push_back({static_cast<std::uint16_t>(next), span});
  return found;
}

IndexPage::Exceptions IndexPage::all_exceptions() const {
  Exceptions all;
  if (exceptions != nullptr) all = *exceptions;
  if (attempts == 0) return all;
  all.attempts.clear();
  for (Seq seq = first_seq(); seq <= last_seq(); seq = seq.next()) {
    if (has(seq)) all.attempts.push_back({offset_of(seq), attempts_of(seq)});
  }
  return all;
}

// Records that were handed out together come back together: what most of them have is told once.
void IndexPage::keep(Exceptions found) {
  attempts = 0;
  if (!found.attempts.empty() && found.attempts.size() == shell.live) {
    attempts = std::ranges::min(found.attempts, {}, &Attempts::count).count;
    std::erase_if(found.attempts, [&](const Attempts& it) { return it.count == attempts; });
  }
  found.gone.shrink_to_fit();
  found.attempts.shrink_to_fit();
  exceptions = found.empty() ? nullptr : std::make_unique<Exceptions>(std::move(found));
}

void IndexPage::take_from(IndexChunk& chunk) {
  shell.live = chunk.live;
  keep(exceptions_of(chunk));
  count_held(chunk);
  delivered = false;
  chunk.each_live(
      [&](Seq, const IndexEntry& entry) { delivered = entry.has(IndexEntry::kDelivered); });
}

void IndexPage::count_held(IndexChunk& chunk) {
  for (File& file : files) file.held = 0;
  std::size_t at = 0;
  chunk.each_live([&](Seq, const IndexEntry& entry) {
    while (files[at].file != entry.file) ++at;
    files[at].held += entry.record_bytes;
  });
}

bool IndexPage::restore(Exceptions stored) {
  std::int64_t end = -2;  // of the range before
  for (const Gone& range : stored.gone) {
    if (range.first <= end + 1 || range.last < range.first || range.last > span) return false;
    end = range.last;
  }
  exceptions = stored.empty() ? nullptr : std::make_unique<Exceptions>(stored);
  shell.live = remaining(0, span);
  if (shell.live == 0 || shell.live > kPlacesMax) return false;
  std::int64_t before = -1;
  for (const Attempts& it : stored.attempts) {
    if (it.offset <= before || it.count == 0 || it.offset > span ||
        remaining(it.offset, it.offset) == 0)
      return false;
    before = it.offset;
  }
  keep(std::move(stored));
  for (std::size_t at = 0; at < files.size(); ++at)
    files[at].held = remaining(files[at].first, file_end(at)) != 0 ? files[at].bytes : 0;
  return true;
}

}  // namespace naru::core
