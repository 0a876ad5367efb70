#include "app/data_directory.h"

#include <fmt/format.h>
#include <unistd.h>

namespace naru::app {

namespace {

std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<DataDirectory> DataDirectory::take(io::FileSystem& files, const std::string& path) {
  constexpr unsigned kOwnerOnly = 0700;
  if (auto made = files.make_directory(path, kOwnerOnly); !made) {
    return fail(made.error().code,
                fmt::format("cannot make the data directory {}: {}; choose another with --data-dir",
                            path, made.error().what));
  }
  // Or power loss may take the directory's name, and everything confirmed below it.
  NARU_TRY_VOID(files.sync_directory(parent_of(path)));
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
  NARU_TRY_VOID(files.replace_now(owner_path, std::to_string(::getpid())));
  return DataDirectory(std::move(*lock));
}

}  // namespace naru::app
