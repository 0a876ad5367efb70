#include "storage/manifest.h"

#include <fmt/core.h>

#include <set>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/crc32c.h"
#include "storage/frame.h"

namespace naru::storage {

namespace {

constexpr std::uint32_t kManifestMagic = 0x4d57'524eU;  // "NRWM" in the file
constexpr std::uint16_t kHeadBytes = 64;
constexpr std::uint16_t kHeadBytesMin = 56;  // before `durable`
constexpr std::uint16_t kRecordBytes = 48;
constexpr std::uint16_t kSegmentBytes = 32;
constexpr std::uint32_t kSequenceMax = 0xffff'0000;
constexpr std::size_t kSummedFrom = 8;  // magic and checksum are not summed

std::unexpected<Error> corrupt(std::size_t offset, std::string_view what) {
  return fail(Errc::corrupt, fmt::format("offset {}: {}", offset, what));
}

ManifestFile read_record(ByteReader& in) {
  ManifestFile file;
  file.number = in.le32();
  file.sequence = in.le32();
  file.bytes = in.le32();
  file.end = in.le32();
  file.incarnation = in.le64();
  file.first_frame = in.le64();
  file.last_frame = in.le64();
  file.state = static_cast<FileState>(in.u8());
  return file;
}

bool plausible(const ManifestFile& file) {
  if (file.number == 0 || file.bytes == 0 || file.bytes % kWalBlockBytes != 0 ||
      file.end > file.bytes || file.end % kWalBlockBytes != 0) {
    return false;
  }
  switch (file.state) {
    case FileState::free:
      return file.sequence == 0;
    case FileState::ready:
      return file.sequence != 0;
    case FileState::open:
      return file.sequence != 0 && file.first_frame != 0;
    case FileState::sealed:
    case FileState::segment:
      return file.sequence != 0 && file.first_frame != 0 && file.last_frame + 1 >= file.first_frame;
  }
  return false;
}

ManifestSegment read_segment(ByteReader& in, std::uint32_t& source_count) {
  ManifestSegment segment;
  segment.number = in.le32();
  segment.rows = in.le32();
  segment.bytes = in.le64();
  segment.table = in.le64();
  source_count = in.le32();
  return segment;
}

bool plausible(const ManifestSegment& segment) {
  const auto whole = [](std::uint64_t bytes) { return bytes % kWalBlockBytes == 0; };
  return segment.number != 0 && segment.rows != 0 && segment.bytes <= kSegmentBytesMax &&
         whole(segment.bytes) && whole(segment.table) && segment.table < segment.bytes;
}

/// Everything that may occur only once, in any record.
struct Known {
  std::set<std::uint32_t> numbers;
  std::set<std::uint32_t> sequences;
};

Result<void> read_files(ByteReader& in, ByteView bytes, std::uint32_t count,
                        std::uint16_t record_bytes, Manifest& manifest, Known& known) {
  std::uint32_t last_sequence = 0;
  manifest.files.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t offset = bytes.size() - in.remaining();
    ByteReader record(in.bytes(record_bytes));
    const ManifestFile file = read_record(record);
    const bool ordered = file.sequence == 0 ? last_sequence == 0 : file.sequence > last_sequence;
    if (!plausible(file) || !ordered || file.sequence >= manifest.next_sequence ||
        file.number >= manifest.next_number || !known.numbers.insert(file.number).second) {
      return corrupt(offset, "a file's record makes no sense");
    }
    last_sequence = file.sequence;
    if (file.sequence != 0) known.sequences.insert(file.sequence);
    manifest.files.push_back(file);
  }
  return {};
}

Result<void> read_segments(ByteReader& in, ByteView bytes, std::uint32_t count,
                           std::uint16_t record_bytes, Manifest& manifest, Known& known) {
  std::vector<std::uint32_t> source_counts(count);
  manifest.segments.reserve(count);
  std::uint64_t sources = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t offset = bytes.size() - in.remaining();
    ByteReader record(in.bytes(record_bytes));
    ManifestSegment segment = read_segment(record, source_counts[i]);
    sources += source_counts[i];
    if (!plausible(segment) || source_counts[i] == 0 || segment.number >= manifest.next_number ||
        !known.numbers.insert(segment.number).second) {
      return corrupt(offset, "a segment's record makes no sense");
    }
    manifest.segments.push_back(std::move(segment));
  }
  if (in.remaining() != sources * sizeof(std::uint32_t)) {
    return corrupt(bytes.size() - in.remaining(), "the number of sources does not fit the length");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t last = 0;
    for (std::uint32_t j = 0; j < source_counts[i]; ++j) {
      const std::size_t offset = bytes.size() - in.remaining();
      const std::uint32_t source = in.le32();
      if (source <= last || source >= manifest.next_sequence ||
          !known.sequences.insert(source).second) {
        return corrupt(offset, "a segment's source makes no sense");
      }
      manifest.segments[i].sources.push_back(last = source);
    }
  }
  return {};
}

Result<void> check_version(std::uint16_t version) {
  if (version == kManifestVersion) return {};
  if (version > kManifestVersion) {
    return fail(Errc::version, fmt::format("offset 8: format {}, this program reads format {}; "
                                           "start the newer program that wrote it",
                                           version, kManifestVersion));
  }
  return fail(
      Errc::version,
      fmt::format("offset 8: format {}, which no release wrote; it is older than this program "
                  "understands: start the older program that wrote it, or move the data "
                  "directory away to start empty",
                  version));
}

}  // namespace

std::string wal_file_name(std::uint32_t number) {
  return fmt::format("wal-{:08}", number);
}

std::string segment_file_name(std::uint32_t number) {
  return fmt::format("seg-{:08}", number);
}

std::uint64_t manifest_bytes(std::uint64_t files, std::uint64_t segments, std::uint64_t sources) {
  return kHeadBytes + files * kRecordBytes + segments * kSegmentBytes +
         sources * sizeof(std::uint32_t);
}

std::string encode_manifest(const Manifest& manifest) {
  std::uint64_t sources = 0;
  for (const ManifestSegment& segment : manifest.segments) sources += segment.sources.size();
  const auto total = static_cast<std::size_t>(
      manifest_bytes(manifest.files.size(), manifest.segments.size(), sources));
  ByteBuffer out(total);
  out.le32(kManifestMagic);
  out.le32(0);  // the checksum, below
  out.le16(kManifestVersion);
  out.le16(kHeadBytes);
  out.le32(static_cast<std::uint32_t>(total));
  out.le64(manifest.volume);
  out.le64(manifest.incarnation);
  out.le32(manifest.next_number);
  out.le32(manifest.next_sequence);
  out.le32(static_cast<std::uint32_t>(manifest.files.size()));
  out.le16(kRecordBytes);
  out.le16(kSegmentBytes);
  out.le32(0);  // bytes of the extension area between head and records
  out.le32(static_cast<std::uint32_t>(manifest.segments.size()));
  out.le64(manifest.durable);
  for (const ManifestFile& file : manifest.files) {
    out.le32(file.number);
    out.le32(file.sequence);
    out.le32(file.bytes);
    out.le32(file.end);
    out.le64(file.incarnation);
    out.le64(file.first_frame);
    out.le64(file.last_frame);
    out.u8(static_cast<std::uint8_t>(file.state));
    for (int i = 0; i < 7; ++i) out.u8(0);
  }
  for (const ManifestSegment& segment : manifest.segments) {
    out.le32(segment.number);
    out.le32(segment.rows);
    out.le64(segment.bytes);
    out.le64(segment.table);
    out.le32(static_cast<std::uint32_t>(segment.sources.size()));
    out.le32(0);
  }
  for (const ManifestSegment& segment : manifest.segments) {
    for (const std::uint32_t source : segment.sources) out.le32(source);
  }
  out.patch_le32(4, crc32c(out.view().subspan(kSummedFrom)));
  return std::string(as_text(out.view()));
}

Result<Manifest> decode_manifest(ByteView bytes) {
  ByteReader in(bytes);
  if (in.le32() != kManifestMagic) return corrupt(0, "this is no manifest");
  const std::uint32_t sum = in.le32();
  const std::uint16_t version = in.le16();
  const std::uint16_t head_bytes = in.le16();
  const std::uint32_t total = in.le32();
  if (!in.ok() || total != bytes.size()) return corrupt(12, "the length does not fit the file");
  if (crc32c(bytes.subspan(kSummedFrom)) != sum) return corrupt(4, "the checksum does not match");
  NARU_TRY_VOID(check_version(version));
  Manifest manifest;
  manifest.volume = in.le64();
  manifest.incarnation = in.le64();
  manifest.next_number = in.le32();
  manifest.next_sequence = in.le32();
  const std::uint32_t count = in.le32();
  const std::uint16_t record_bytes = in.le16();
  const std::uint16_t segment_bytes = in.le16();
  const std::uint32_t extension = in.le32();
  const std::uint32_t segment_count = in.le32();
  // Heads and records may have grown at their ends; what is behind our fields is skipped.
  if (!in.ok() || head_bytes < kHeadBytesMin || record_bytes < kRecordBytes ||
      segment_bytes < kSegmentBytes) {
    return corrupt(8, "the head is cut off");
  }
  ByteReader more(in.bytes(head_bytes - kHeadBytesMin));
  if (head_bytes >= kHeadBytes) manifest.durable = more.le64();
  in.bytes(extension);
  const std::uint64_t records =
      std::uint64_t{count} * record_bytes + std::uint64_t{segment_count} * segment_bytes;
  if (!in.ok() || in.remaining() < records) {
    return corrupt(40, "the number of files does not fit the length");
  }
  // 2^32 uses of 64 MiB are 2^58 bytes: a number near the end was never counted to.
  if (manifest.next_sequence > kSequenceMax || manifest.next_number > kSequenceMax) {
    return corrupt(32, "a counter is out of range");
  }
  Known known;
  NARU_TRY_VOID(read_files(in, bytes, count, record_bytes, manifest, known));
  NARU_TRY_VOID(read_segments(in, bytes, segment_count, segment_bytes, manifest, known));
  return manifest;
}

}  // namespace naru::storage
