#pragma once
/// Files that are open only while they are used, so that a deep backlog exhausts no descriptors.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"

namespace naru::storage {

struct Manifest;

/// How a refusal ends that nothing else can mend.
inline constexpr std::string_view kRestoreFromBackup = "restore the data directory from a backup";

/// Where what is stored is not what belongs there, and why: "wal-00000007: damaged at offset 4096:
/// …". What is of another format is whole and not called damaged.
std::string placed(const Error& error, std::string_view path, std::uint64_t offset);
/// The same as a refusal, with the remedy: a newer format wants a newer program (version), an older
/// one an older program (not_implemented), damage a backup (corrupt). Other errors, which are not
/// about what is stored, stay as they are.
Error located(Error error, std::string_view path, std::uint64_t offset);

/// Whether a file of the log, or a segment, is called so: just as manifest.h writes their names.
bool is_stored_file(std::string_view name);
/// Of `names` those that are called so and that the manifest does not list; sorted.
std::vector<std::string> unlisted_files(std::vector<std::string> names, const Manifest& manifest);
/// Why a start removes them.
inline constexpr std::string_view kLeftByARun =
    "the manifest does not list it, as a run leaves it that ends while it makes a file or lets it "
    "go";
/// Blocking: as much of the first block as there is. Errors: io.
Result<Slice> read_first_block(io::File& file);

/// A file of a volume. Owned by whoever lists it; its place in memory is fixed while it lives.
struct StoredFile {
  std::string path;
  std::uint64_t id = 0;              // its place among the files of the volume
  std::uint64_t bytes = 0;           // as the manifest has it
  std::unique_ptr<io::File> handle;  // null: closed
  std::uint32_t readers = 0;         // reads under way or waiting: it is neither closed nor reused
  bool kept_open = false;            // the log writes to it, or will
  bool leaving = false;              // no manifest lists it: it goes with its last reader
  std::list<StoredFile*>::iterator
      at;  // in the list of those that may be closed, if open and not kept
};

/// Opens files when they are needed and closes those that were used longest ago. Owned by the log's
/// shard, as the files are.
class OpenFiles {
 public:
  OpenFiles(io::FileSystem& fs, bool direct, std::size_t open_max)
      : fs_(fs), direct_(direct), open_max_(open_max) {}

  /// The open file, until the next call of open() unless `file` has readers or is kept open.
  /// Errors: as io::FileSystem::open; limit: no descriptor, a later try may have one.
  Result<io::File*> open(StoredFile& file);
  /// From now on it stays open, or it may be closed.
  void keep_open(StoredFile& file);
  void let_close(StoredFile& file);
  /// Closes it. No call is outstanding.
  void close(StoredFile& file);

 private:
  void close_oldest(std::size_t keep);

  io::FileSystem& fs_;
  const bool direct_;
  const std::size_t open_max_;
  std::list<StoredFile*> idle_;  // may be closed, the one used last at the end
};

}  // namespace naru::storage
