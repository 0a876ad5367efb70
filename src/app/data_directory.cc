#include "app/data_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace naru::app {

namespace {

// A first file of the log, a manifest, and what a file system wants for them.
constexpr std::uint64_t kReserveBytes = std::uint64_t{5} << 20;
constexpr std::uint64_t kPlentyBytes = std::uint64_t{64} << 20;

std::string reserve_of(const std::string& path) {
  return path + "/reserve";
}

void warn_of_others(const std::string& path, Logger& log) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  log.warn("others may write in the data directory {} (mode {:o}): chmod 700 it", path,
           status.st_mode & 07777U);
}

std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<DataDirectory> DataDirectory::take(io::FileSystem& files, const std::string& path,
                                          Logger& log) {
  constexpr unsigned kOwnerOnly = 0700;
  if (auto made = files.make_directory(path, kOwnerOnly); !made) {
    return fail(made.error().code,
                fmt::format("cannot make the data directory {}: {}; choose another with --data-dir",
                            path, made.error().what));
  }
  warn_of_others(path, log);
  // Or power loss may take the directory's name, and everything confirmed below it.
  if (auto synced = files.sync_directory(parent_of(path)); !synced) {
    if (synced.error().code != Errc::access_refused) return std::unexpected(synced.error());
    log.info("{}: whoever made it is to have synced its name: {}", path, synced.error().what);
  }
  const std::string owner_path = path + "/owner.pid";
  auto lock = files.lock(path + "/lock");
  if (!lock && lock.error().code == Errc::resource_locked) {
    const std::string owner = files.read_file(owner_path, 32).value_or("unknown");
    return fail(Errc::resource_locked,
                fmt::format("the data directory {} belongs to a running broker (process {}): stop "
                            "it, or choose another directory with --data-dir",
                            path, owner));
  }
  if (!lock) return std::unexpected(lock.error());
  const auto space = files.space(path);
  if (space && space->free_bytes < kReserveBytes) (void)files.remove_now(reserve_of(path));
  // Only for the message above: a full disk is no reason not to start.
  if (auto noted = files.replace_now(owner_path, std::to_string(::getpid())); !noted) {
    (void)files.remove_now(owner_path);  // it names the owner before us
    log.warn("{}", noted.error().what);
  }
  return DataDirectory(files, path, std::move(*lock));
}

void DataDirectory::keep_reserve() {
  const std::string reserve = reserve_of(path_);
  const auto space = files_->space(path_);
  if (!space || space->free_bytes < kPlentyBytes) return;
  if (files_->open(reserve, {.write = false})) return;
  files_->make_zeroed(reserve, kReserveBytes, [](const Result<void>&) {});
}

Error how_to_mend(Error error, const std::string& path) {
  switch (error.code) {
    case Errc::no_space:
      error.what += fmt::format("; free some MiB on the volume of {} and start again", path);
      break;
    case Errc::limit:
      error.what += "; raise the limit on open files (ulimit -n) if that is what was reached";
      break;
    case Errc::access_refused:
      error.what +=
          "; let the user that runs naru read and write there, or name another --data-dir";
      break;
    case Errc::io:
      error.what +=
          "; the kernel's log may say more; restore the data directory from a backup if the disk "
          "cannot be mended";
      break;
    default:
      break;
  }
  return error;
}

}  // namespace naru::app
