#include "app/store/recovered_volume.h"

#include <utility>

#include "base/check.h"
#include "security/authenticator.h"
#include "security/tokens.h"
#include "storage/overlay_files.h"

namespace naru::app {

namespace {

/// Nobody logs in to a directory.
class NoAuthenticator final : public security::Authenticator {
 public:
  void check(security::LoginAttempt, std::move_only_function<void(Result<bool>)>) override {
    NARU_CHECK(false, "there are no logins offline");
  }
  bool remembers(const std::string&, const std::string&, std::string_view) const override {
    return false;
  }
  void hash(std::string, std::move_only_function<void(Result<std::string>)>) override {
    NARU_CHECK(false, "there are no new passwords offline");
  }
};

cluster::JournalOptions journal_options(const std::string& data_dir) {
  cluster::JournalOptions options;
  options.wal.directory = data_dir + "/wal";
  options.wal.direct = false;
  return options;
}

}  // namespace

/// Turns never come: what recovery posts for later is dropped.
struct RecoveredVolume::Parts final : cluster::ShardPost, cluster::VolumeClient, core::ShardLink {
  Parts(io::FileSystem& files, const std::string& data_dir, Logger& log)
      : overlay(files),
        journal(overlay, journal_options(data_dir), 1, *this, *this, log),
        shard({}, journal.on_shard(core::ShardId(0)), *this, authenticator, random,
              security::new_token_key(), log, now) {
    shard.set_replicas({&shard});
  }

  void post(core::ShardId, io::Task) override {}
  void post(core::ShardId, core::ShardTask) override {}
  void on_volume_failed(const Error&) override {}
  void on_space(storage::LogSpace) override {}

  storage::OverlayFiles overlay;
  Random random{1};
  Now now;
  NoAuthenticator authenticator;
  cluster::JournalLocal journal;
  core::Shard shard;
};

RecoveredVolume::RecoveredVolume(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RecoveredVolume::~RecoveredVolume() = default;

Result<std::unique_ptr<RecoveredVolume>> RecoveredVolume::open(io::FileSystem& files,
                                                               const std::string& data_dir,
                                                               Logger& log) {
  auto parts = std::make_unique<Parts>(files, data_dir, log);
  NARU_TRY_VOID(parts->journal.recover(parts->random));
  return std::unique_ptr<RecoveredVolume>(new RecoveredVolume(std::move(parts)));
}

core::Shard& RecoveredVolume::shard() {
  return parts_->shard;
}

const cluster::JournalLocal& RecoveredVolume::journal() const {
  return parts_->journal;
}

}  // namespace naru::app
