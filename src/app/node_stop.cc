// What a running broker does about trouble with its disk and memory, and how it ends.
#include <fmt/format.h>

#include <utility>

#include "app/log_lack.h"
#include "app/node_parts.h"

namespace naru::app {

void Node::Parts::set_alarm() {
  std::vector<std::string> reasons;
  if (memory.stops_publishers()) reasons.emplace_back("low on memory");
  if (!watch_alarm.empty()) reasons.push_back(watch_alarm);
  if (journal->space() != storage::LogSpace::enough) {
    server->set_alarm(core::Alarm{std::string(log_lack_text(journal->lack()).alarm), true});
  } else if (!reasons.empty()) {
    server->set_alarm(core::Alarm{.reason = fmt::format("{}", fmt::join(reasons, " & ")),
                                  .lets_finish = watch_alarm.empty()});
  } else {
    server->set_alarm(std::nullopt);
  }
}

void Node::Parts::on_space(storage::LogSpace space) {
  const LogLackText lack = log_lack_text(journal->lack());
  switch (space) {
    case storage::LogSpace::enough:
      log.info("there are files for the log again; publishers go on");
      break;
    case storage::LogSpace::last_files:
      log.warn(
          "there is no further file for the log in {}, as {}; publishers wait or are refused, "
          "consumers go on; {}",
          config.data_dir, lack.what, lack.remedy);
      break;
    case storage::LogSpace::none:
      log.error(
          "the log in {} is full, as {}: nothing is stored, delivered, settled, deleted or "
          "declared "
          "before it has another file, of {} bytes; {}; it goes on by itself then",
          config.data_dir, lack.what, config.storage_wal_file_bytes, lack.remedy);
      if (stopping) return end_with_full_log();
  }
  set_alarm();
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
  journal->hurry();
  server->drain(
      std::chrono::milliseconds(config.server_drain_ms),
      [this] {
        if (log_is_full()) return end_with_full_log();
        journal->close();
        shards[0]->host->when_idle([this] {
          log.info("stopped; everything confirmed of the levels fsync and interval is on disk");
          stop_loops();
        });
      },
      [this] {
        log_is_waited_for = true;
        return !log_is_full();
      });
}

// What was confirmed is on disk; how messages ended lately is not.
void Node::Parts::end_with_full_log() {
  const LogLackText lack = log_lack_text(journal->lack());
  log.error(
      "stopped with a full log: what could not be written is lost, and messages that it would have "
      "settled come again; the log in {} could get no further file, as {}: {} before the next "
      "start",
      config.data_dir, lack.what, lack.remedy);
  exit_code = 1;
  cut_short = true;
  stop_loops();
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
