#pragma once
/// `naru store`: looks into a data directory on which no broker runs, and changes nothing.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "app/store/output.h"
#include "base/log.h"
#include "base/result.h"
#include "io/file.h"
#include "storage/manifest.h"

namespace naru::app {

/// Adds `store` with its commands; the one that runs sets `exit_code`: 0 sound, 1 damaged or not
/// readable, 2 a wrong command line, 4 no such directory, 5 a broker runs on it.
void add_store(CLI::App& app, int& exit_code);

/// What the commands work on.
struct StoreDirectory {
  io::FileSystem& files;
  std::string data_dir;
  Logger& log;

  std::string wal_path() const { return data_dir + "/wal"; }
  std::string path(const storage::ManifestFile& file) const {
    return wal_path() + "/" + storage::wal_file_name(file.number);
  }
  std::string path(const storage::ManifestSegment& segment) const {
    return wal_path() + "/" + storage::segment_file_name(segment.number);
  }
};

/// Errors: not_found (no manifest), corrupt, version; naming the file.
Result<storage::Manifest> read_manifest(const StoreDirectory& store);

/// What a command found; the lines are printed as they come. Errors: what ends the command, in one
/// line that says what to do.
Result<bool> check_store(const StoreDirectory& store, Output& out);
Result<void> stat_store(const StoreDirectory& store, Output& out);

struct DumpOptions {
  std::optional<std::uint32_t> group;  // only this one
  std::uint64_t entries_max = UINT64_MAX;
};
Result<void> dump_store(const StoreDirectory& store, const DumpOptions& options, Output& out);

}  // namespace naru::app
