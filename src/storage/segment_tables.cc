#include "storage/segment_tables.h"

#include <algorithm>
#include <utility>

namespace naru::storage {

const SegmentTable* SegmentTables::find(std::uint32_t number) {
  const auto found = std::ranges::find(kept_, number, &Kept::number);
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.end(), kept_, found);
  return &found->table;
}

void SegmentTables::load(SegmentFile& segment, Done done) {
  auto& waiting = loading_[segment.record.number].waiting;
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  WalFiles::add_reader(segment.file);
  start(segment);
}

void SegmentTables::start(SegmentFile& segment) {
  auto handle = files_.open(segment.file);
  if (!handle && handle.error().code == Errc::limit) {
    return finish(segment, std::unexpected(std::move(handle).error()));
  }
  if (!handle) return make_anew(segment, handle.error());
  const auto bytes = static_cast<std::size_t>(segment.record.bytes - segment.record.table);
  const BlockRef block = BlockRef::make(bytes, kWalBlockBytes);
  (*handle)->read(segment.record.table, MutableByteView(block->data(), bytes),
                  [this, &segment, block](const Result<std::size_t>& result) {
                    on_read(segment, block, result);
                  });
}

void SegmentTables::on_read(SegmentFile& segment, const BlockRef& block,
                            const Result<std::size_t>& result) {
  if (!result) return make_anew(segment, result.error());
  auto table =
      SegmentTable::decode(ByteView(block->data(), *result), files_.volume(), segment.record.number,
                           segment.record.rows, segment.record.table);
  if (table) return finish(segment, std::move(table));
  make_anew(segment, table.error());
}

void SegmentTables::make_anew(SegmentFile& segment, const Error& error) {
  client_.on_damage(segment.file.path, segment.record.table, error.what);
  const SegmentReader::Expected expected{.volume = files_.volume(),
                                         .incarnation = 0,
                                         .first_frame = 1,
                                         .last_frame = 0,
                                         .file = segment.record.number,
                                         .end = segment.record.table};
  auto& state = loading_.at(segment.record.number).rebuild;
  state = std::make_unique<Rebuild>(files_, segment, expected, options_.block_bytes);
  rebuild(segment, *state);
}

void SegmentTables::rebuild(SegmentFile& segment, Rebuild& state) {
  if (state.reader.at_end()) {
    order_rows(state.rows);
    return finish(segment, SegmentTable(std::move(state.rows)));
  }
  state.reader.next([this, &segment, &state](Result<SegmentSlice> slice) {
    if (!slice && slice.error().code != Errc::limit) {
      // What lies behind is lost with its table, until a start reads better.
      client_.on_damage(segment.file.path, state.reader.offset(), slice.error().what);
      order_rows(state.rows);
      return finish(segment, SegmentTable(std::move(state.rows)));
    }
    if (!slice) return finish(segment, std::unexpected(std::move(slice).error()));
    for (const SegmentSlice::Frame& frame : slice->frames) {
      append_rows(frame.bytes, frame.offset, state.rows);
    }
    rebuild(segment, state);
  });
}

void SegmentTables::finish(SegmentFile& segment, Result<SegmentTable> table) {
  const std::uint32_t number = segment.record.number;
  Result<void> result;
  if (table) {
    keep(number, std::move(*table));
  } else {
    result = std::unexpected(std::move(table).error());
  }
  files_.drop_reader(segment.file);
  const auto loading = loading_.extract(number);
  for (Done& done : loading.mapped().waiting) done(result);
}

void SegmentTables::keep(std::uint32_t number, SegmentTable table) {
  kept_bytes_ += table.memory_bytes();
  kept_.push_back({number, std::move(table)});
  while (kept_bytes_ > options_.table_cache_bytes && kept_.size() > 1) {
    kept_bytes_ -= kept_.front().table.memory_bytes();
    kept_.pop_front();
  }
}

}  // namespace naru::storage
