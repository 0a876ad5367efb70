#pragma once
/// A broker that notes what it is asked, one line of text for each command, and answers what its
/// test tells it to.

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "core/broker_port.h"

namespace naru::testing {

class ScriptedBroker final : public core::BrokerPort {
 public:
  std::size_t submit(std::span<core::Command> batch) override;

  /// What came since the last call: "publish 1 seq=1 ''->'q' persistent 'body'", "settle 7 3..5",
  /// "return 7 3..3 requeue", "request QueueDeclare …", "atomic 1", "barrier 1", "closed 1".
  std::vector<std::string> take_log();
  /// Requests that wait for an answer, oldest first.
  std::deque<core::RequestId>& open_requests() { return open_; }
  core::RequestId take_request();
  /// The last request, whole.
  const core::Request& last_request() const { return *last_; }

  bool takes_changes() override { return room_for_changes; }

  bool room_for_changes = true;
  /// How many more commands are taken; everything above waits for a Writable event.
  std::size_t room = SIZE_MAX;
  std::size_t batches = 0;
  std::size_t let_in = 0;    // publishes that had room of their own
  std::size_t commands = 0;  // taken, or in part: of publishes, a run is one

 private:
  bool note(core::Command& command);

  std::vector<std::string> log_;
  std::deque<core::RequestId> open_;
  std::unique_ptr<core::Request> last_;
};

}  // namespace naru::testing
