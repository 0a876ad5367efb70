#include "app/store/store_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/logger.h"
#include "io/asio/file_system.h"
#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"
#include "security/password.h"
#include "storage/stored_file.h"

namespace naru::app {

namespace {

constexpr int kSound = 0;
constexpr int kFailure = 1;
constexpr int kNotFound = 4;
constexpr int kConflict = 5;

struct StoreOptions {
  std::string data_dir;
  DumpOptions dump;
};
using StoreAction = std::function<Result<bool>(const StoreDirectory&)>;

int failed(const Error& error, int code) {
  std::fprintf(stderr, "naru: %s\n", error.what.c_str());
  return code;
}

/// What there is to say of log files that no manifest lists any more.
std::optional<Error> files_without_manifest(const StoreDirectory& store) {
  auto names = store.files.list(store.wal_path());
  if (!names) return std::nullopt;
  const auto ours = std::ranges::find_if(*names, storage::is_stored_file);
  if (ours == names->end()) return std::nullopt;
  return Error{Errc::corrupt, fmt::format("{0}/manifest: missing, although {0}/{1} is there; "
                                          "restore it from a backup",
                                          store.wal_path(), *ours)};
}

/// Runs an action while no broker can take the directory.
int run(const StoreOptions& options, const StoreAction& action) {
  security::initialise();
  io::asio_impl::Loop loop;
  io::asio_impl::ThreadPool pool({.name = "naru-disk", .thread_count = 1});
  io::asio_impl::PosixFileSystem files(loop, pool);
  StderrLogger log("warn");
  const StoreDirectory store{files, options.data_dir, log};
  if (!files.open(store.wal_path() + "/manifest", {.write = false})) {
    if (const auto lost = files_without_manifest(store)) return failed(*lost, kFailure);
    return failed(
        {Errc::not_found,
         fmt::format("{}: no data of Naru is there: wal/manifest is missing", options.data_dir)},
        kNotFound);
  }
  auto lock = files.lock(options.data_dir + "/lock");
  if (!lock && lock.error().code == Errc::resource_locked) {
    return failed(
        {lock.error().code,
         fmt::format("a broker runs on {}: stop it, or look at a snapshot", options.data_dir)},
        kConflict);
  }
  if (!lock) return failed(lock.error(), kFailure);
  auto sound = action(store);
  std::fflush(stdout);
  log.flush();
  if (!sound) return failed(sound.error(), kFailure);
  return *sound ? kSound : kFailure;
}

void add_command(CLI::App& store, const char* name, const char* help, int& exit_code,
                 const std::shared_ptr<StoreOptions>& options, StoreAction action) {
  CLI::App* command = store.add_subcommand(name, help);
  command->add_option("DIR", options->data_dir, "The data directory")->required();
  command->callback(
      [options, action = std::move(action), &exit_code] { exit_code = run(*options, action); });
}

}  // namespace

void add_store(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* store = app.add_subcommand("store", "Look into a data directory while no broker runs");
  store->require_subcommand(1);
  add_command(*store, "check", "Verify every checksum; exit code 0 when all is sound", exit_code,
              options, [](const StoreDirectory& it) { return check_store(it, stdout); });
  add_command(*store, "stat", "Files, groups and queues, and what is alive in them", exit_code,
              options, [](const StoreDirectory& it) -> Result<bool> {
                NARU_TRY_VOID(stat_store(it, stdout));
                return true;
              });
  add_command(*store, "dump", "Print the entries of the log with their records", exit_code, options,
              [options](const StoreDirectory& it) -> Result<bool> {
                NARU_TRY_VOID(dump_store(it, options->dump, stdout));
                return true;
              });
  CLI::App* dump = store->get_subcommand("dump");
  dump->add_option("--group", options->dump.group, "Only this one: 0 metadata, 1 to 16 lanes");
  dump->add_option("--entries", options->dump.entries_max, "At most so many");
}

}  // namespace naru::app
