#include "cluster/metadata_tail.h"

#include <algorithm>

namespace naru::cluster {

namespace {
std::uint64_t bytes_of(const MetadataTail::Entry& entry) {
  return sizeof(MetadataTail::Entry) + entry.payload.view.size();
}
}  // namespace

void MetadataTail::add(const storage::EntryHead& head, ByteView payload,
                       core::BodyLocation location) {
  const std::uint64_t bytes = sizeof(Entry) + payload.size();
  if (!whole() || bytes_ + bytes > bytes_max_) {
    entries_ = {};
    bytes_ = 0;
    left_out_ = head.index;
    return;
  }
  entries_.push_back({head, Slice::copy_of(payload), location});
  bytes_ += bytes;
}

void MetadataTail::drop_covered(std::uint64_t index) {
  if (index == covered_) return;
  covered_ = index;
  const auto first_kept =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.head.index > index; });
  for (auto entry = entries_.begin(); entry != first_kept; ++entry) bytes_ -= bytes_of(*entry);
  entries_.erase(entries_.begin(), first_kept);
}

}  // namespace naru::cluster
