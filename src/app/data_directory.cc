#include "app/data_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "io/asio/os_error.h"
#include "storage/stored_file.h"

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

/// A directory that is held is a running broker's or `naru store`'s, which leaves no trace. `owner`
/// is the last broker's process id.
std::string who_holds(const std::string& path, const std::string& owner) {
  int process = 0;
  const auto read = std::from_chars(owner.data(), owner.data() + owner.size(), process);
  const bool known = read.ec == std::errc() && process > 0;
  if (known && (::kill(process, 0) == 0 || errno == EPERM)) {
    return fmt::format(
        "the data directory {} belongs to a running broker (process {}): stop it, or "
        "choose another directory with --data-dir",
        path, process);
  }
  return fmt::format(
      "the data directory {} is in use, by a `naru store` or by a broker that is not "
      "to be seen from here: wait for its end, or choose another directory with "
      "--data-dir",
      path);
}

// What owner.pid says of the directory behind the process's number.
constexpr std::string_view kHasLog = " log";

std::string owner_of(const std::string& path) {
  return path + "/owner.pid";
}

std::string owner_text(bool has_log) {
  return fmt::format("{}{}", ::getpid(), has_log ? kHasLog : "");
}

/// Where a file is written before it takes its name.
std::string temporary_of(const std::string& path) {
  return path + ".tmp";
}

/// What the last broker left; nothing where there was none.
std::string read_owner(io::FileSystem& files, const std::string& path) {
  return files.read_file(owner_of(path), 32).value_or("");
}

/// Of a directory that had a log. Where only some of its files are there, reading it says so.
Result<void> expect_manifest(io::FileSystem& files, const std::string& path) {
  const std::string wal = path + "/wal";
  const std::string manifest = wal + "/manifest";
  const auto found = files.open(manifest, {.write = false});
  if (found || found.error().code != Errc::not_found) return {};
  const auto names = files.list(wal);
  if (names && std::ranges::any_of(*names, storage::is_stored_file)) return {};
  return fail(Errc::corrupt,
              fmt::format("{}: missing, although a broker had its log there: mount the volume or "
                          "move wal/ back if it was moved, or restore the data directory from a "
                          "backup; to begin with an empty log remove {}",
                          manifest, owner_of(path)));
}

/// What is there under that name is a directory, or nothing; a link to nowhere is neither.
Result<void> expect_directory(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
  } else if (errno == ENOTDIR) {
    return fail(Errc::corrupt, fmt::format("{}: a part of this path is not a directory; choose "
                                           "another with --data-dir",
                                           path));
  } else if (errno != ENOENT) {
    return io::asio_impl::fail_errno(path);
  } else if (::lstat(path.c_str(), &status) != 0) {
    return {};
  }
  return fail(Errc::precondition_failed, fmt::format("{}: not a directory", path));
}

bool is_in_the_way(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

/// A file that is made again, and that only another thing of its name keeps from being so.
Result<void> expect_file(const std::string& path, std::string_view nothing_in) {
  if (!is_in_the_way(path)) return {};
  return fail(
      Errc::corrupt,
      fmt::format("{}: not a regular file; remove it: nothing is in {}, and it is made again", path,
                  nothing_in));
}

Result<void> expect_lock(const std::string& path) {
  NARU_TRY_VOID(expect_file(path, "a lock"));
  if (::access(path.c_str(), R_OK | W_OK) == 0 || errno == ENOENT || errno == EROFS) return {};
  return io::asio_impl::fail_errno(path);
}

bool is_read_only(const std::string& path) {
  struct statvfs volume{};
  return ::statvfs(path.c_str(), &volume) == 0 && (volume.f_flag & ST_RDONLY) != 0;
}

std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

bool DataDirectory::exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<void> DataDirectory::look(const std::string& path) {
  NARU_TRY_VOID(expect_directory(path));
  NARU_TRY_VOID(expect_directory(path + "/wal"));
  NARU_TRY_VOID(expect_file(temporary_of(path + "/wal/manifest"), "a file of that name"));
  return expect_lock(path + "/lock");
}

std::optional<std::string> DataDirectory::note_in_the_way(const std::string& path) {
  const std::string owner = owner_of(path);
  struct stat status{};
  std::string found;
  if (::lstat(owner.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) found = owner;
  if (is_in_the_way(temporary_of(owner))) found = temporary_of(owner);
  if (found.empty()) return std::nullopt;
  return fmt::format(
      "{}: not a regular file; remove it: until then nobody is told which process the broker is, "
      "and a lost log is not missed",
      found);
}

std::vector<std::string> DataDirectory::left_over(const std::string& path) {
  std::vector<std::string> found;
  for (const std::string& of : {owner_of(path), path + "/wal/manifest"}) {
    struct stat status{};
    const std::string temporary = temporary_of(of);
    if (::lstat(temporary.c_str(), &status) == 0 && S_ISREG(status.st_mode))
      found.push_back(temporary);
  }
  return found;
}

Result<void> DataDirectory::expect_log(io::FileSystem& files, const std::string& path) {
  if (!read_owner(files, path).ends_with(kHasLog)) return {};
  return expect_manifest(files, path);
}

Result<DataDirectory> DataDirectory::take(io::FileSystem& files, const std::string& path,
                                          Logger& log) {
  NARU_TRY_VOID(look(path));
  constexpr unsigned kOwnerOnly = 0700;
  if (auto made = files.make_directory(path, kOwnerOnly); !made) {
    // Where nobody may write how_to_mend() says what to do.
    const bool refused = made.error().code == Errc::access_refused;
    return fail(made.error().code,
                fmt::format("cannot make the data directory {}{}", made.error().what,
                            refused ? "" : "; choose another with --data-dir"));
  }
  warn_of_others(path, log);
  // Or power loss may take the directory's name, and everything confirmed below it.
  if (auto synced = files.sync_directory(parent_of(path)); !synced) {
    if (synced.error().code != Errc::access_refused) return std::unexpected(synced.error());
    log.info("{}: whoever made it is to have synced its name: {}", path, synced.error().what);
  }
  auto lock = files.lock(path);
  const std::string owner = read_owner(files, path);
  if (!lock && lock.error().code == Errc::resource_locked)
    return fail(Errc::resource_locked, who_holds(path, owner));
  if (!lock) return std::unexpected(lock.error());
  bool knows_log = owner.ends_with(kHasLog);
  if (knows_log) NARU_TRY_VOID(expect_manifest(files, path));
  const auto space = files.space(path);
  if (space && space->free_bytes < kReserveBytes && files.remove_now(reserve_of(path))) {
    log.warn("{}: removed, to have room to start: {} bytes were free on the volume",
             reserve_of(path), space->free_bytes);
  }
  // Only for the message above: a full disk is no reason not to start.
  if (auto noted = files.replace_now(owner_of(path), owner_text(knows_log)); !noted) {
    (void)files.remove_now(owner_of(path));  // it names the owner before us
    knows_log = false;
    log.warn("{}",
             note_in_the_way(path).value_or(
                 noted.error().what + "; a second broker will not be told which process this is"));
  }
  return DataDirectory(files, path, std::move(*lock), log, knows_log);
}

void DataDirectory::note_log() {
  if (knows_log_ || note_in_the_way(path_)) return;  // that was told
  const auto noted = files_->replace_now(owner_of(path_), owner_text(true));
  if (noted) knows_log_ = true;
  if (!noted) log_->warn("{}; a lost log will not be missed", noted.error().what);
}

void DataDirectory::keep_reserve() {
  const std::string reserve = reserve_of(path_);
  const auto space = files_->space(path_);
  if (!space || space->free_bytes < kPlentyBytes) return;
  const auto there = files_->open(reserve, {.write = false});
  const auto bytes = there ? (*there)->size() : 0;
  if (bytes && *bytes >= kReserveBytes) return;
  files_->make_zeroed(reserve, kReserveBytes, [log = log_](const Result<void>& made) {
    if (made) return;
    const bool in_the_way = made.error().code == Errc::precondition_failed;
    log->warn("{}{}; a start on a full disk will have no room", made.error().what,
              in_the_way ? ", remove it" : "");
  });
}

Error how_to_mend(Error error, const std::string& path) {
  switch (error.code) {
    case Errc::no_space:
      error.what += fmt::format(
          "; free some MiB on the volume of {} (or raise ulimit -f if files "
          "may not be so large) and start again",
          path);
      break;
    case Errc::limit:
      error.what += "; raise the limit on open files (ulimit -n) if that is what was reached";
      break;
    case Errc::access_refused:
      error.what +=
          is_read_only(path)
              ? fmt::format(
                    "; mount the volume of {} for writing (mount -o remount,rw), once the "
                    "kernel's log says why it is not, or name another --data-dir",
                    path)
              : "; let the user that runs naru read and write there, or name another --data-dir";
      break;
    case Errc::precondition_failed:
      error.what += error.what.starts_with(path + ": ")
                        ? "; choose another with --data-dir, or move it away"
                        : "; move it away, and restore the data directory from a backup if it had "
                          "a file there";
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
