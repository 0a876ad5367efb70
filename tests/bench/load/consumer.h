#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connection.h"
#include "options.h"
#include "tally.h"

namespace naru::bench {

/// Consumes one queue over its own connection: reads what has come, counts messages and the age of
/// their stamps, and acknowledges every N with one ack (multiple). One worker thread owns it.
class Consumer {
 public:
  Consumer(Connection connection, const Options& options, std::string_view queue, Tally& tally);

  int fd() const { return connection_.fd(); }

  void on_readable();
  /// Sends acks that are waiting. False: the socket is full, call again when it is writable.
  bool flush();
  /// Acknowledges what is left of the last batch, so that a later run does not get it again.
  void finish();
  /// Messages got in the measured time.
  std::uint64_t got_measured() const { return got_measured_; }

 private:
  void on_frame(const Frame& frame, std::uint64_t now);
  void on_body(const Frame& frame, std::uint64_t now);
  void message_done();
  void acknowledge();
  void end_run(std::uint64_t now);

  Connection connection_;
  Tally& tally_;
  std::uint32_t ack_every_;
  std::string ack_;   // one ack frame, its tag patched each time
  std::string acks_;  // waiting to be sent
  std::uint64_t tag_ = 0;
  std::uint64_t body_left_ = 0;
  bool first_body_ = false;
  std::uint32_t unacked_ = 0;
  std::uint64_t got_ = 0;  // in this batch
  std::uint64_t got_measured_ = 0;
  std::uint64_t run_stamp_ = 0;  // messages of one burst carry one stamp: counted together
  std::uint64_t run_ = 0;
};

}  // namespace naru::bench
