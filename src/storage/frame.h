#pragma once
/// The bytes of the write-ahead log: one write is one frame, a frame is a head and entries.
/// Drawn, with limits and a worked example, in docs/formats/wal.md. All numbers little-endian.
///
///   frame:  | head 64 | entry | entry | ... | zeros up to a multiple of 4096 |
///   entry:  | head 32 | payload |
///
/// The head's checksum covers the head; each entry's checksum covers its head and payload and is
/// seeded with the frame's identity, so an entry never verifies in another frame than its own, and
/// no byte is summed twice.

#include <cstdint>
#include <cstring>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace naru::storage {

/// Frames begin and end at multiples of this (O_DIRECT's unit).
inline constexpr std::size_t kWalBlockBytes = 4096;
inline constexpr std::size_t kFrameHeadBytes = 64;
inline constexpr std::size_t kEntryHeadBytes = 32;
inline constexpr std::uint16_t kFrameVersion = 1;

/// Rounds up to whole blocks.
constexpr std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + kWalBlockBytes - 1) / kWalBlockBytes * kWalBlockBytes;
}

/// What makes a frame one of this volume, this run and this place in the log.
struct FrameIdentity {
  std::uint64_t volume = 0;       // random, made with the volume
  std::uint64_t incarnation = 0;  // counts the starts; a new one at every start
  std::uint64_t sequence = 0;     // dense over the log; from 1

  bool operator==(const FrameIdentity&) const = default;
};

struct FrameHead {
  FrameIdentity identity;
  /// Every frame up to this one was durable when this one was handed to the disk.
  std::uint64_t durable_through = 0;
  std::uint32_t file = 0;    // counts the uses of files; another one at every reuse
  std::uint32_t length = 0;  // head and entries, without the zeros behind
  std::uint32_t entries = 0;
};

/// Writes 64 bytes.
void write_frame_head(std::uint8_t* at, const FrameHead& head);
/// Errors: corrupt (no frame head, or a damaged one), version (a newer format).
Result<FrameHead> read_frame_head(ByteView bytes);

/// The seed of the checksums of a frame's entries.
std::uint32_t entry_seed(const FrameIdentity& identity);

struct EntryHead {
  std::uint32_t group = 0;
  std::uint8_t type = 0;   // storage does not interpret it
  std::uint8_t flags = 0;  // nor this
  std::uint64_t index = 0;
  std::uint64_t term = 0;

  bool operator==(const EntryHead&) const = default;
};

/// Writes head and payload (`first` then `second`) without the checksum; returns the bytes written.
std::size_t put_entry(std::uint8_t* at, const EntryHead& head, ByteView first, ByteView second);
/// Writes the checksum of an entry that is otherwise as it is to be.
void sum_entry(std::uint8_t* at, std::uint32_t seed);
/// Both.
std::size_t write_entry(std::uint8_t* at, std::uint32_t seed, const EntryHead& head, ByteView first,
                        ByteView second = {});

/// One entry of a frame in memory.
struct EntryView {
  EntryHead head;
  ByteView payload;
  std::uint32_t offset = 0;  // of the payload, from the frame's start
};

/// Walks the entries of a frame that this process wrote or has verified: no checks of content.
class EntryCursor {
 public:
  explicit EntryCursor(ByteView frame) : frame_(frame) {}
  /// False at the end.
  bool next(EntryView& entry);

 private:
  ByteView frame_;
  std::size_t at_ = kFrameHeadBytes;
};

/// Checks every entry of a frame whose head was read: checksums, lengths, count. `frame` is
/// head.length bytes. Errors: corrupt.
Result<void> verify_entries(const FrameHead& head, ByteView frame);
/// The same, on behind what is wrong: tells each entry that is, and where it begins in the frame.
/// True when all entries were found, so that EntryCursor may walk them.
bool find_bad_entries(const FrameHead& head, ByteView frame,
                      const std::function<void(std::size_t at, Error error)>& tell);

}  // namespace naru::storage
