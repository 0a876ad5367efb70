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
constexpr std::uint16_t kHeadBytes = 56;
constexpr std::uint16_t kRecordBytes = 48;
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
      return file.sequence != 0 && file.first_frame != 0 && file.last_frame + 1 >= file.first_frame;
  }
  return false;
}

}  // namespace

std::string wal_file_name(std::uint32_t number) {
  return fmt::format("wal-{:08}", number);
}

std::string encode_manifest(const Manifest& manifest) {
  ByteBuffer out(kHeadBytes + manifest.files.size() * kRecordBytes);
  out.le32(kManifestMagic);
  out.le32(0);  // the checksum, below
  out.le16(kManifestVersion);
  out.le16(kHeadBytes);
  out.le32(static_cast<std::uint32_t>(kHeadBytes + manifest.files.size() * kRecordBytes));
  out.le64(manifest.volume);
  out.le64(manifest.incarnation);
  out.le32(manifest.next_number);
  out.le32(manifest.next_sequence);
  out.le32(static_cast<std::uint32_t>(manifest.files.size()));
  out.le16(kRecordBytes);
  out.le16(0);
  out.le32(0);  // bytes of the extension area between head and records
  out.le32(0);
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
  if (version != kManifestVersion) {
    return fail(Errc::version,
                fmt::format("format {}, this program reads format {}", version, kManifestVersion));
  }
  Manifest manifest;
  manifest.volume = in.le64();
  manifest.incarnation = in.le64();
  manifest.next_number = in.le32();
  manifest.next_sequence = in.le32();
  const std::uint32_t count = in.le32();
  const std::uint16_t record_bytes = in.le16();
  in.le16();
  const std::uint32_t extension = in.le32();
  in.le32();
  // Heads and records may have grown at their ends; what is behind our fields is skipped.
  if (!in.ok() || head_bytes < kHeadBytes || record_bytes < kRecordBytes) {
    return corrupt(8, "the head is cut off");
  }
  in.bytes(head_bytes - kHeadBytes);
  in.bytes(extension);
  if (!in.ok() || in.remaining() != std::uint64_t{count} * record_bytes) {
    return corrupt(40, "the number of files does not fit the length");
  }
  // 2^32 uses of 64 MiB are 2^58 bytes: a number near the end was never counted to.
  if (manifest.next_sequence > kSequenceMax || manifest.next_number > kSequenceMax) {
    return corrupt(32, "a counter is out of range");
  }
  manifest.files.reserve(count);
  std::uint32_t last_sequence = 0;
  std::set<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t offset = bytes.size() - in.remaining();
    ByteReader record(in.bytes(record_bytes));
    const ManifestFile file = read_record(record);
    const bool ordered = file.sequence == 0 ? last_sequence == 0 : file.sequence > last_sequence;
    if (!plausible(file) || !ordered || file.sequence >= manifest.next_sequence ||
        file.number >= manifest.next_number || !numbers.insert(file.number).second) {
      return corrupt(offset, "a file's record makes no sense");
    }
    last_sequence = file.sequence;
    manifest.files.push_back(file);
  }
  return manifest;
}

}  // namespace naru::storage
