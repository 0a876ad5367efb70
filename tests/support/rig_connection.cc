#include "tests/support/rig_connection.h"

#include <array>

#include "tests/support/broker_rig.h"

namespace naru::testing {

RigConnection::RigConnection(BrokerRig& rig, core::Shard& shard, const protocol::Module& module,
                             bool loopback)
    : rig_(rig),
      shard_(shard),
      loopback_(loopback),
      name_("127.0.0.1:40000 -> 127.0.0.1:5672"),
      client_(shard.open_client(*this)),
      session_(module.open(*this)) {}

RigConnection::~RigConnection() {
  session_->on_closed();
  session_ = nullptr;
  client_ = nullptr;
}

const Now& RigConnection::now() const {
  return rig_.now();
}
Random& RigConnection::random() {
  return rig_.random();
}
Logger& RigConnection::log() {
  return rig_.log();
}

std::string RigConnection::receive() {
  return std::exchange(received_, {});
}

void RigConnection::on_events(std::span<const core::Event> batch) {
  if (closed_) return;
  paused_ = false;
  session_->on_events(batch);
}

bool RigConnection::turn() {
  if (closed_) return false;
  const std::size_t input_before = input_.size();
  const std::size_t received_before = received_.size();
  const bool closed_before = closed_;
  if (!paused_ && !closing_) parse();
  write();
  return input_.size() != input_before || received_.size() != received_before ||
         closed_ != closed_before;
}

void RigConnection::parse() {
  if (input_.empty()) return;
  const Result<std::size_t> taken = session_->on_bytes(input_.view());
  if (!taken) {
    dropped_ = closed_ = true;
    return;
  }
  input_.consume(*taken);
  if (*taken == 0) paused_ = true;  // until more bytes, or the session asks
}

void RigConnection::write() {
  if (stopped_reading_) return;
  while (output_.sendable_bytes() != 0) {
    std::array<ByteView, 16> pieces;
    const std::size_t used = output_.gather(pieces);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < used; ++i) {
      received_.append(as_text(pieces[i]));
      bytes += pieces[i].size();
    }
    output_.consume(bytes);
  }
  if (output_.has_gap()) {
    session_->on_output_low();
  } else {
    client_->on_output_drained();
  }
  if (closing_) closed_ = true;
}

bool RigConnection::fire_deadline() {
  if (closed_ || session_->next_deadline() > rig_.now().mono) return false;
  session_->on_deadline(rig_.now().mono);
  return true;
}

}  // namespace naru::testing
