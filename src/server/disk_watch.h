#pragma once
/// Watches the free room of the data volume and raises the disk alarm.

#include <functional>
#include <string>

#include "base/log.h"
#include "io/file.h"
#include "io/workers.h"
#include "server/deadline_heap.h"
#include "server/shard_host.h"

namespace naru::server {

struct DiskWatchOptions {
  std::string path;
  std::uint64_t free_bytes_min = 0;  // 0: never an alarm
  Duration interval = std::chrono::seconds(1);
};

/// Owned by shard 0. Once started it asks in the background, never on the loop: a volume in trouble
/// may take long to answer.
class DiskWatch final : public Deadline {
 public:
  /// `probe` is callable on any thread. `on_alarm` is called with the reason when room runs short,
  /// and with an empty text when there is enough again.
  DiskWatch(ShardHost& host, io::Workers& workers, DiskWatchOptions options,
            std::function<Result<io::VolumeSpace>(const std::string& path)> probe,
            std::move_only_function<void(const std::string& reason)> on_alarm);

  /// Asks for the first time, blocking, so that nobody is served before there is an answer.
  void start();
  /// What the volume last answered.
  const io::VolumeSpace& space() const { return space_; }
  void on_expired(const Now& now) override;

 private:
  void ask();
  void judge(const Result<io::VolumeSpace>& space);

  ShardHost& host_;
  io::Workers& workers_;
  const DiskWatchOptions options_;
  std::function<Result<io::VolumeSpace>(const std::string& path)> probe_;
  std::move_only_function<void(const std::string& reason)> on_alarm_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  io::VolumeSpace space_;
  bool alarm_ = false;
  bool failing_ = false;
};

}  // namespace naru::server
