// What a running broker does about trouble with its disk and memory, and how it ends.
#include <fmt/format.h>

#include <utility>

#include "app/node_parts.h"

namespace naru::app {

void Node::Parts::set_alarm() {
  std::vector<std::string> reasons;
  if (memory.stops_publishers()) reasons.emplace_back("low on memory");
  if (!watch_alarm.empty()) reasons.push_back(watch_alarm);
  if (space_short) {
    server->set_alarm(core::Alarm{"there is no room for the log", true});
  } else if (!reasons.empty()) {
    server->set_alarm(core::Alarm{.reason = fmt::format("{}", fmt::join(reasons, " & ")),
                                  .lets_finish = watch_alarm.empty()});
  } else {
    server->set_alarm(std::nullopt);
  }
}

// ---- Stop ------------------------------------------------------------------------------------

void Node::Parts::on_signal(int number) {
  if (stopping) {
    log.warn("signal {} again: stopping at once", number);
    exit_code = 1;
    cut_short = true;
    return stop_loops();
  }
  stopping = true;
  log.info("signal {}: closing connections and stopping", number);
  server->drain(std::chrono::milliseconds(config.server_drain_ms), [this] {
    journal->close();
    shards[0]->host->when_idle([this] {
      log.info("stopped; everything confirmed of the levels fsync and interval is on disk");
      stop_loops();
    });
  });
}

void Node::Parts::on_volume_failed(const Error& error) {
  exit_code = 1;
  cut_short = true;
  failure = "the log failed: " + error.what;
  if (stopping) return stop_loops();
  stopping = true;
  log.error(
      "the log failed and the broker stops: {}; nothing unconfirmed is safe, everything "
      "confirmed is; start again when the disk is well",
      error.what);
  server->fail("the disk failed", std::chrono::seconds(2), [this] { stop_loops(); });
}

void Node::Parts::stop_loops() {
  for (auto& shard : shards) shard->loop.stop();
}

}  // namespace naru::app
