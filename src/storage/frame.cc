#include "storage/frame.h"

#include "base/byte_reader.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/mutant.h"

namespace naru::storage {

namespace {

constexpr std::uint32_t kFrameMagic = 0x4657'524eU;  // "NRWF" in the file
constexpr std::size_t kChecksumBytes = 4;

/// Puts numbers one after the other into memory that is known to be large enough.
class Putter {
 public:
  explicit Putter(std::uint8_t* at) : at_(at) {}
  template <typename T>
  void put(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

 private:
  std::uint8_t* at_;
};

}  // namespace

void write_frame_head(std::uint8_t* at, const FrameHead& head) {
  std::memset(at, 0, kFrameHeadBytes);
  Putter out(at);
  out.put(kFrameMagic);
  out.put(std::uint32_t{0});  // the checksum, below
  out.put(kFrameVersion);
  out.put(static_cast<std::uint16_t>(kFrameHeadBytes));
  out.put(head.length);
  out.put(head.identity.volume);
  out.put(head.identity.incarnation);
  out.put(head.identity.sequence);
  out.put(head.durable_through);
  out.put(head.file);
  out.put(head.entries);
  // 8 bytes stay zero for a later version.
  const std::uint32_t sum =
      crc32c(ByteView(at + 8, kFrameHeadBytes - 8), crc32c(ByteView(at, kChecksumBytes)));
  std::memcpy(at + 4, &sum, sizeof sum);
}

Result<FrameHead> read_frame_head(ByteView bytes) {
  if (bytes.size() < kFrameHeadBytes) return fail(Errc::corrupt, "no room for a frame");
  ByteReader in(bytes.first(kFrameHeadBytes));
  if (in.le32() != kFrameMagic) return fail(Errc::corrupt, "no frame begins here");
  const std::uint32_t sum = in.le32();
  const std::uint32_t expected =
      crc32c(bytes.subspan(8, kFrameHeadBytes - 8), crc32c(bytes.first(kChecksumBytes)));
  if (sum != expected) return fail(Errc::corrupt, "the frame's head fails its checksum");
  const std::uint16_t version = in.le16();
  const std::uint16_t head_bytes = in.le16();
  if (version != kFrameVersion || head_bytes != kFrameHeadBytes) {
    return fail(Errc::version, "the log was written in format " + std::to_string(version) +
                                   ", this program reads format " + std::to_string(kFrameVersion));
  }
  FrameHead head;
  head.length = in.le32();
  head.identity.volume = in.le64();
  head.identity.incarnation = in.le64();
  head.identity.sequence = in.le64();
  head.durable_through = in.le64();
  head.file = in.le32();
  head.entries = in.le32();
  if (head.length < kFrameHeadBytes) return fail(Errc::corrupt, "the frame's length is too small");
  return head;
}

std::uint32_t entry_seed(const FrameIdentity& identity) {
  std::uint8_t bytes[24];
  Putter out(bytes);
  out.put(identity.volume);
  out.put(identity.incarnation);
  out.put(identity.sequence);
  return crc32c(bytes);
}

std::size_t put_entry(std::uint8_t* at, const EntryHead& head, ByteView first, ByteView second) {
  const std::size_t length = first.size() + second.size();
  Putter out(at + kChecksumBytes);
  out.put(static_cast<std::uint32_t>(length));
  out.put(head.group);
  out.put(head.type);
  out.put(head.flags);
  out.put(std::uint16_t{0});
  out.put(head.index);
  out.put(head.term);
  std::uint8_t* payload = at + kEntryHeadBytes;
  if (!first.empty()) std::memcpy(payload, first.data(), first.size());
  if (!second.empty()) std::memcpy(payload + first.size(), second.data(), second.size());
  return kEntryHeadBytes + length;
}

void sum_entry(std::uint8_t* at, std::uint32_t seed) {
  std::uint32_t length = 0;
  std::memcpy(&length, at + kChecksumBytes, sizeof length);
  const std::uint32_t sum =
      crc32c(ByteView(at + kChecksumBytes, kEntryHeadBytes - kChecksumBytes + length), seed);
  std::memcpy(at, &sum, sizeof sum);
}

std::size_t write_entry(std::uint8_t* at, std::uint32_t seed, const EntryHead& head, ByteView first,
                        ByteView second) {
  const std::size_t bytes = put_entry(at, head, first, second);
  sum_entry(at, seed);
  return bytes;
}

bool EntryCursor::next(EntryView& entry) {
  if (at_ == frame_.size()) return false;
  NARU_CHECK(frame_.size() - at_ >= kEntryHeadBytes, "the frame was verified");
  ByteReader in(frame_.subspan(at_ + kChecksumBytes, kEntryHeadBytes - kChecksumBytes));
  const std::uint32_t length = in.le32();
  entry.head.group = in.le32();
  entry.head.type = in.u8();
  entry.head.flags = in.u8();
  in.le16();
  entry.head.index = in.le64();
  entry.head.term = in.le64();
  NARU_CHECK(length <= frame_.size() - at_ - kEntryHeadBytes, "the frame was verified");
  entry.offset = static_cast<std::uint32_t>(at_ + kEntryHeadBytes);
  entry.payload = frame_.subspan(entry.offset, length);
  at_ += kEntryHeadBytes + length;
  return true;
}

namespace {
/// Tells what is wrong with entries, and where they begin, for as long as `tell` says to go on.
/// True when the lengths of all of them lead from one to the next.
template <typename Tell>
bool walk_entries(const FrameHead& head, ByteView frame, Tell&& tell) {
  NARU_CHECK(frame.size() == head.length, "the whole frame is there");
  const std::uint32_t seed = entry_seed(head.identity);
  std::size_t at = kFrameHeadBytes;
  const auto lost = [&](const char* why) {
    tell(at, why);
    return false;
  };
  for (std::uint32_t i = 0; i < head.entries; ++i) {
    if (frame.size() - at < kEntryHeadBytes) return lost("an entry is cut off");
    ByteReader in(frame.subspan(at, kEntryHeadBytes));
    const std::uint32_t sum = in.le32();
    const std::uint32_t length = in.le32();
    if (length > frame.size() - at - kEntryHeadBytes)
      return lost("an entry is longer than its frame");
    const ByteView covered =
        frame.subspan(at + kChecksumBytes, kEntryHeadBytes - kChecksumBytes + length);
    const bool whole = crc32c(covered, seed) == sum || NARU_MUTANT(ignore_entry_checksum);
    if (!whole && !tell(at, "an entry fails its checksum")) return false;
    at += kEntryHeadBytes + length;
  }
  return at == frame.size() || lost("the frame's length does not fit its entries");
}
}  // namespace

Result<void> verify_entries(const FrameHead& head, ByteView frame) {
  const char* wrong = nullptr;
  const bool sound = walk_entries(head, frame, [&](std::size_t, const char* why) {
    wrong = why;
    return false;
  });
  if (!sound) return fail(Errc::corrupt, wrong);
  return {};
}

bool find_bad_entries(const FrameHead& head, ByteView frame,
                      const std::function<void(std::size_t at, Error error)>& tell) {
  return walk_entries(head, frame, [&](std::size_t at, const char* why) {
    tell(at, {Errc::corrupt, why});
    return true;
  });
}

}  // namespace naru::storage
