#include "server/disk_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace naru::server {

namespace {
// Enough for any flapping; who keeps 100 GiB free does not wait for ten more.
constexpr std::uint64_t kMarginMax = std::uint64_t{256} << 20;
}  // namespace

DiskWatch::DiskWatch(ShardHost& host, io::Workers& workers, DiskWatchOptions options,
                     std::function<Result<io::VolumeSpace>(const std::string& path)> probe,
                     std::move_only_function<void(const std::string& reason)> on_alarm)
    : host_(host),
      workers_(workers),
      options_(std::move(options)),
      probe_(std::move(probe)),
      on_alarm_(std::move(on_alarm)) {}

void DiskWatch::start() {
  judge(probe_(options_.path));
  host_.loop().post([] {});  // a turn, which sees the deadline
}

void DiskWatch::on_expired(const Now&) {
  ask();
}

void DiskWatch::ask() {
  auto answer = std::make_shared<std::optional<Result<io::VolumeSpace>>>();
  const bool asked =
      workers_.submit([answer, probe = probe_, path = options_.path] { *answer = probe(path); },
                      [this, answer, alive = std::weak_ptr(alive_)] {
                        if (!alive.expired()) judge(**answer);
                      });
  // Too much to do in the background: the next interval asks again.
  if (!asked) host_.deadlines().set(*this, host_.now().mono + options_.interval);
}

void DiskWatch::judge(const Result<io::VolumeSpace>& space) {
  host_.deadlines().set(*this, host_.now().mono + options_.interval);
  if (!space) {
    if (!std::exchange(failing_, true)) {
      host_.log().warn("cannot ask for the free room of {}: {}", options_.path, space.error().what);
    }
    return;
  }
  failing_ = false;
  space_ = *space;
  // Off only with a tenth more than what set it, so that it does not flap.
  const std::uint64_t enough =
      options_.free_bytes_min + std::min(options_.free_bytes_min / 10, kMarginMax);
  if (!alarm_ && space->free_bytes < options_.free_bytes_min) {
    alarm_ = true;
    const std::string reason =
        fmt::format("low on disk: {} MiB free on {}, disk.free_min is {} MiB",
                    space->free_bytes >> 20, options_.path, options_.free_bytes_min >> 20);
    host_.log().warn("{}; publishers wait", reason);
    on_alarm_("low on disk");
  } else if (alarm_ && space->free_bytes >= enough) {
    alarm_ = false;
    host_.log().info("{} MiB free on {}; publishers go on", space->free_bytes >> 20, options_.path);
    on_alarm_("");
  }
}

}  // namespace naru::server
