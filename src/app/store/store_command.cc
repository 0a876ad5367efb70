#include "app/store/store_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/data_directory.h"
#include "app/logger.h"
#include "core/ids.h"
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
using StoreAction = std::function<Result<bool>(const StoreDirectory&, Output&)>;

int failed(Error error, int code) {
  if (error.code == Errc::access_refused)
    error.what += "; run this as the user that the data belongs to";
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
                                          "{2}, or move it away to start empty",
                                          store.wal_path(), *ours, storage::kRestoreFromBackup)};
}

/// Takes a whole number from `least` to `most`, written in digits alone.
CLI::Validator number(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        std::uint64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, value);
        if (read.ec == std::errc() && read.ptr == end && value >= least && value <= most)
          return std::string();
        return most == UINT64_MAX ? fmt::format("{} is no number from {} up", text, least)
                                  : fmt::format("{} is no number from {} to {}", text, least, most);
      },
      "NUMBER");
}

/// Whether there is anything to look at. Errors: not_found: no data of Naru; corrupt: only a part.
Result<void> find_data(const StoreDirectory& store) {
  const auto manifest = store.files.open(store.wal_path() + "/manifest", {.write = false});
  // What else is wrong with it the command tells.
  if (manifest || manifest.error().code != Errc::not_found) return {};
  if (auto lost = files_without_manifest(store)) return std::unexpected(std::move(*lost));
  NARU_TRY_VOID(DataDirectory::expect_log(store.files, store.data_dir));
  return fail(Errc::not_found,
              fmt::format("{}: no data of Naru is there: wal/manifest is missing", store.data_dir));
}

/// Runs an action while no broker can take the directory.
int run(const StoreOptions& options, const StoreAction& action) {
  security::initialise();
  io::asio_impl::Loop loop;
  io::asio_impl::ThreadPool pool({.name = "naru-disk", .thread_count = 1});
  io::asio_impl::PosixFileSystem files(loop, pool);
  StderrLogger log("warn");
  const StoreDirectory store{files, options.data_dir, log};
  if (auto found = find_data(store); !found)
    return failed(found.error(), found.error().code == Errc::not_found ? kNotFound : kFailure);
  const auto lock = files.lock_to_look(options.data_dir);
  if (!lock && lock.error().code == Errc::resource_locked) {
    return failed(
        {lock.error().code,
         fmt::format("a broker runs on {}: stop it, or look at a snapshot", options.data_dir)},
        kConflict);
  }
  if (!lock) {
    log.warn(
        "{}; whether a broker runs on it is not known, and what it writes meanwhile may look "
        "like damage",
        lock.error().what);
  }
  Output out(stdout);
  auto sound = action(store, out);
  const auto printed = out.finish();
  log.flush();
  if (!sound) return failed(sound.error(), kFailure);
  if (!printed) return failed(printed.error(), kFailure);
  return *sound ? kSound : kFailure;
}

void add_command(CLI::App& store, const char* name, const char* help, int& exit_code,
                 const std::shared_ptr<StoreOptions>& options, StoreAction action) {
  CLI::App* command = store.add_subcommand(name, help);
  CLI::Option* dir =
      command->add_option("DIR", options->data_dir, "The data directory")->required();
  const auto instead = [options, dir](const std::string& data_dir) {
    options->data_dir = data_dir;
    dir->required(false);
  };
  command->add_option_function<std::string>("--data-dir", instead, "The same as DIR")
      ->excludes(dir);
  command->callback(
      [options, action = std::move(action), &exit_code] { exit_code = run(*options, action); });
}

}  // namespace

void add_store(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* store = app.add_subcommand("store", "Look into a data directory while no broker runs");
  store->require_subcommand(1);
  add_command(*store, "check", "Verify every checksum; exit code 0 when all is sound", exit_code,
              options, [](const StoreDirectory& it, Output& out) { return check_store(it, out); });
  add_command(*store, "stat", "Files, groups and queues, and what is alive in them", exit_code,
              options, [](const StoreDirectory& it, Output& out) -> Result<bool> {
                NARU_TRY_VOID(stat_store(it, out));
                return true;
              });
  add_command(*store, "dump", "Print the entries of the log with their records", exit_code, options,
              [options](const StoreDirectory& it, Output& out) -> Result<bool> {
                NARU_TRY_VOID(dump_store(it, options->dump, out));
                return true;
              });
  CLI::App* dump = store->get_subcommand("dump");
  dump->add_option("--group", options->dump.group, "Only this one: 0 metadata, 1 to 16 lanes")
      ->check(number(0, core::kLaneCount));
  dump->add_option("--entries", options->dump.entries_max, "At most so many")
      ->check(number(1, UINT64_MAX));
}

}  // namespace naru::app
