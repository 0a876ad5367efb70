#include "server/shard_host.h"

#include <algorithm>
#include <utility>

namespace naru::server {

namespace {
constexpr Duration kBetweenWarnings = std::chrono::seconds(60);
}  // namespace

ShardHost::ShardHost(core::ShardId id, io::Scheduler& loop, io::Network& network, Random& random,
                     Logger& log, ConnectionLimits limits)
    : id_(id),
      loop_(loop),
      network_(network),
      random_(random),
      log_(log),
      limits_(limits),
      input_room_(limits.input_bytes_max, limits.input_patience) {
  buffers_.keep(limits.idle_buffers_bytes_max);
  loop_.set_client(this);
}

ShardHost::~ShardHost() {
  for (const std::uint64_t number : numbers()) find(number)->drop();
  loop_.set_client(nullptr);
}

Connection* ShardHost::find(std::uint64_t number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second.get();
}

std::vector<std::uint64_t> ShardHost::numbers() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) numbers.push_back(number);
  return numbers;
}

void ShardHost::adopt(std::unique_ptr<io::Accepted> accepted, Protocols protocols) {
  ConnectionSlot slot;
  if (draining_ || !take_slot(slot)) return;  // closes it
  const std::uint64_t number = ++connection_counter_;
  auto connection = std::make_unique<Connection>(*this, number, network_.adopt(std::move(accepted)),
                                                 protocols, std::move(slot));
  Connection& started = *connection;
  connections_.emplace(number, std::move(connection));
  started.start();
}

bool ShardHost::take_slot(ConnectionSlot& slot) {
  if (slots_ == nullptr) return true;
  slot = slots_->take();
  if (slot) return true;
  warn_of_limit(slots_->growth_is_held()
                    ? "memory is at its limit: the oldest without a login are closed first"
                    : "server.connections_max is reached: the oldest without a login are closed "
                      "first");
  if (drop_oldest_stranger()) slot = slots_->take();
  return static_cast<bool>(slot);
}

bool ShardHost::drop_oldest_stranger() {
  const auto oldest = strangers_.oldest();
  if (!oldest) return false;
  find(*oldest)->drop();
  return true;
}

void ShardHost::stranger_holds(Connection& connection, std::size_t bytes) {
  strangers_.set(connection.number(), bytes);
  while (strangers_.bytes() > limits_.strangers_bytes_max) {
    warn_of_limit(
        "connections that have not logged in hold too much memory: the oldest are closed first");
    drop_oldest_stranger();
  }
}

// Whoever reaches a limit does so many times.
void ShardHost::warn_of_limit(std::string_view what) {
  if (now().mono < next_warning_) return;
  next_warning_ = now().mono + kBetweenWarnings;
  log_.warn("{}", what);
}

void ShardHost::each_connection(
    const std::function<void(const admin::ConnectionStatus&)>& visit) const {
  for (const auto& [number, connection] : connections_) visit(connection->status());
}

void ShardHost::drain(Errc code, std::string text, TimePoint deadline, io::Task done) {
  draining_ = true;
  drained_ = std::move(done);
  for (const std::uint64_t number : numbers()) {
    if (Connection* connection = find(number)) connection->request_close(code, text);
  }
  deadlines_.set(drain_deadline_, deadline);
  run_again();
}

void ShardHost::DrainDeadline::on_expired(const Now&) {
  host_.dropped_at_stop_ = host_.connections_.size();
  for (const std::uint64_t number : host_.numbers()) host_.find(number)->drop();
}

MutableByteView ShardHost::read_buffer(std::size_t bytes) {
  read_buffer_.clear();
  return {read_buffer_.prepare(bytes), bytes};
}

void ShardHost::touch(Connection& connection) {
  if (std::exchange(connection.touched_, true)) return;
  touched_.push_back(connection.number());
}

void ShardHost::on_deadline(const Now& now) {
  deadlines_.expire(now);
  if (broker_->next_deadline() <= now.mono) broker_->on_deadline();
  for (TimedPart* part : parts_) {
    if (part->next_deadline() <= now.mono) part->on_deadline(now);
  }
}

TimePoint ShardHost::next_deadline() const {
  TimePoint next = std::min(deadlines_.next(), broker_->next_deadline());
  for (const TimedPart* part : parts_) next = std::min(next, part->next_deadline());
  return next;
}

void ShardHost::on_turn_end(const Now&) {
  again_ = false;
  resuming_.swap(resumed_);
  for (const std::uint64_t number : resuming_) {
    if (Connection* connection = find(number)) continue_input(*connection);
  }
  resuming_.clear();

  flushing_ = true;
  if (broker_->flush()) again_ = true;
  flushing_ = false;

  end_connections();
  check_waiters();
  report_memory();
  read_in_turn_ = 0;
  loop_.set_deadline(next_deadline());
  if (again_ && !std::exchange(again_posted_, true)) {
    loop_.post([this] { again_posted_ = false; });
  }
}

void ShardHost::end_connections() {
  // Ending one may touch others (a consumer gone, its messages go elsewhere): they come behind.
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Connection* connection = find(touched_[i]);
    if (connection == nullptr) continue;
    connection->touched_ = false;
    connection->end_turn();
  }
  touched_.clear();
  for (const std::uint64_t number : buried_) connections_.erase(number);
  buried_.clear();
}

void ShardHost::look_for_hang_ups() {
  constexpr Duration kBetweenLooks = std::chrono::milliseconds(500);
  if (!std::exchange(hang_ups_due_, true)) deadlines_.set(hang_ups_, now().mono + kBetweenLooks);
}

// Who left the moment after it was stopped may be read in a moment, as what it sent came first: it
// has to be found twice.
void ShardHost::end_who_left() {
  hang_ups_due_ = false;
  for (const auto& [number, connection] : connections_) {
    const bool stopped = connection->phase_ == Connection::Phase::open && !connection->may_read();
    const std::uint64_t received = stopped ? connection->bytes_received_ : UINT64_MAX;
    const std::uint64_t before = std::exchange(connection->received_when_stopped_, received);
    if (!stopped) continue;
    look_for_hang_ups();
    if (before != received || !connection->stream_->peer_has_gone()) continue;
    touch(*connection);
    connection->on_peer_closed();
  }
}

void ShardHost::check_waiters() {
  if (drained_ && connections_.empty()) {
    deadlines_.set(drain_deadline_, kNever);
    std::exchange(drained_, nullptr)();
  }
  if (idle_waiter_ && broker_->is_idle()) std::exchange(idle_waiter_, nullptr)();
}

}  // namespace naru::server
