#include "server/connection.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "server/shard_host.h"

namespace naru::server {

namespace {
// Gathers at most this many pieces per call; a body by reference and its head are two.
constexpr std::size_t kPiecesMax = 64;
}  // namespace

Connection::Connection(ShardHost& host, std::uint64_t number, std::unique_ptr<io::Stream> stream,
                       Protocols protocols, ConnectionSlot slot)
    : host_(host),
      number_(number),
      slot_(std::move(slot)),
      stream_(std::move(stream)),
      protocols_(protocols),
      time_limit_(host.now().mono + host.limits().handshake),
      connected_at_ms_(host.now().wall_ms) {
  const io::Endpoint peer = stream_->peer();
  peer_is_loopback_ = peer.is_loopback();
  name_ = peer.to_string() + " -> " + stream_->local().to_string();
}

Connection::~Connection() {
  NARU_CHECK(phase_ == Phase::dropped, "a connection ends by drop()");
}

void Connection::start() {
  stream_->set_handler(this);
  schedule();
  if (protocols_.size() == 1) open_session({});
  host_.touch(*this);
  tell_what_a_stranger_holds();
}

// ---- Input

std::size_t Connection::room_for_input() const {
  const std::size_t held = unread_.size();
  if (!is_authenticated_) {
    const std::size_t most = host_.limits().unauthenticated_bytes_max;
    return held < most ? most - held : 0;
  }
  // One buffer's worth, of which an incomplete frame may already take a part.
  const std::size_t most = host_.read_bytes_max();
  return std::max(most - std::min(held, most), most / 4);
}

bool Connection::may_read() const {
  switch (phase_) {
    case Phase::detecting:
    case Phase::open:
      // What is here comes first: the session may stop at a part of it.
      return !peer_closed_ && !input_waits_ && !resuming_ && room_for_input() > 0 &&
             !has_output_enough();
    case Phase::closing:
    case Phase::lingering:
      return !peer_closed_;
    case Phase::dropped:
      return false;
  }
  return false;
}

// An answer may be a whole message: who does not take what it asked for is not listened to.
bool Connection::has_output_enough() const {
  return output_.pending_bytes() >= host_.output_high_bytes();
}

void Connection::on_readable() {
  host_.touch(*this);
  if (phase_ != Phase::detecting && phase_ != Phase::open) return discard_input();
  // Either is so since it was asked for; end_turn() asks again.
  if (!may_read() || host_.has_read_enough()) return;
  const std::size_t held = unread_.size();
  const std::size_t room = room_for_input();
  const MutableByteView buffer = host_.read_buffer(held + room);
  std::ranges::copy(unread_.view(), buffer.begin());
  const Result<std::size_t> got = stream_->read_some(buffer.subspan(held, room));
  if (!got) {
    if (got.error().code == Errc::need_more) return;
    tell_of_loss(got.error().what);
    return drop();
  }
  if (*got == 0) return on_peer_closed();
  bytes_received_ += *got;
  host_.note_read(*got);
  take_input(buffer.first(held + *got));
}

void Connection::continue_input() {
  resuming_ = false;
  if (phase_ != Phase::open) return;
  if (has_output_enough() && !session_->is_closing()) {  // then what is here is only dropped
    input_paused_ = true;
    return;
  }
  host_.touch(*this);
  if (!unread_.empty()) {
    // Out of the connection's own buffer, as keep() writes to that.
    const MutableByteView buffer = host_.read_buffer(unread_.size());
    std::ranges::copy(unread_.view(), buffer.begin());
    take_input(buffer.first(unread_.size()));
  }
}

void Connection::take_input(ByteView unread) {
  if (phase_ == Phase::detecting && !open_session(unread)) return;
  before_session();
  const Result<std::size_t> consumed = session_->on_bytes(unread);
  if (!consumed) {
    host_.log().info("{}: dropped: {}", name_, consumed.error().what);
    return drop();
  }
  NARU_CHECK(*consumed <= unread.size(), "a session consumes what it was given");
  if (phase_ == Phase::open) keep(unread.subspan(*consumed));
  after_session();
  tell_what_a_stranger_holds();
}

// What the session has consumed it may have kept, but for what a stranger's frame cannot have.
void Connection::tell_what_a_stranger_holds() {
  if (is_authenticated_ || phase_ == Phase::dropped) return;
  const std::size_t kept = std::min<std::size_t>(bytes_received_ - unread_.size(),
                                                 host_.limits().unauthenticated_bytes_max);
  host_.stranger_holds(*this, kObjectsBytes + unread_.capacity() + kept);
}

bool Connection::open_session(ByteView first) {
  const protocol::Module* chosen = protocols_.size() == 1 ? protocols_.front() : nullptr;
  bool may_come = false;
  for (const protocol::Module* module : protocols_) {
    if (chosen != nullptr) break;
    const protocol::Recognition recognition = module->recognises(first);
    if (recognition == protocol::Recognition::yes) chosen = module;
    may_come = may_come || recognition == protocol::Recognition::maybe;
  }
  if (chosen == nullptr && may_come) {
    keep(first);
    tell_what_a_stranger_holds();
    return false;
  }
  // Nobody knows these bytes: the listener's first protocol says so in its own way.
  if (chosen == nullptr) chosen = protocols_.front();
  phase_ = Phase::open;
  session_ = chosen->open(*this);
  schedule();
  return true;
}

void Connection::keep(ByteView unread) {
  if (unread.empty()) {
    host_.buffers().give_back(unread_);
    input_waits_ = false;
    return hold_frame_room(0);
  }
  if (!is_authenticated_ || host_.has_much_loose_input()) {
    // As much as it needs: what strangers hold is counted.
    unread_.shrink();
    unread_.reserve(unread.size());
  } else if (unread_.capacity() == 0) {
    host_.buffers().lend(unread_);
  }
  unread_.clear();
  unread_.append(unread);
  // More than an incomplete frame can be: the session waits for something, and so does the peer.
  input_waits_ = session_ != nullptr && unread.size() >= session_->input_bytes_max();
  hold_frame_room(input_waits_ ? 0 : unread.size());
}

void Connection::discard_input() {
  const MutableByteView buffer = host_.read_buffer(ShardHost::kReadBytes);
  const Result<std::size_t> got = stream_->read_some(buffer);
  if (!got && got.error().code == Errc::need_more) return;
  if (!got) return drop();
  if (*got > 0) return;
  peer_closed_ = true;
  if (phase_ == Phase::lingering) drop();
}

void Connection::on_peer_closed() {
  peer_closed_ = true;
  if (session_ == nullptr) return drop();
  tell_of_loss("its client closed the socket");
  close_after_output();  // somebody who only half-closed still reads
}

// An application that ends so has crashed, or forgot to close. Who has said goodbye closes first.
void Connection::tell_of_loss(std::string_view how) {
  if (!is_authenticated_ || phase_ != Phase::open || session_->is_closing()) return;
  host_.log().warn("{}: lost without a goodbye: {}", name_, how);
}

// ---- The session

void Connection::before_session() {
  output_.set_copies(host_.memory_step() != core::MemoryStep::normal);
  if (output_.empty() && output_.buffer().capacity() == 0) {
    ByteBuffer buffer;
    host_.buffers().lend(buffer);
    output_.swap_buffer(buffer);
  }
}

void Connection::after_session() {
  host_.touch(*this);
}

void Connection::on_events(std::span<const core::Event> batch) {
  if (session_ == nullptr) return;
  before_session();
  delivered_ = true;
  session_->on_events(batch);
  after_session();
  host_.on_session_called();
}

void Connection::request_close(Errc code, const std::string& text) {
  if (phase_ == Phase::closing || phase_ == Phase::lingering) return;
  if (phase_ != Phase::open || !is_authenticated_) return drop();
  const core::Event event = core::CloseRequested{code, text};
  on_events({&event, 1});
}

BrokerClient& Connection::client() const {
  if (!client_) client_ = host_.broker().open_client(const_cast<Connection&>(*this));
  return *client_;
}

core::ConnectionId Connection::id() const {
  return client().id();
}
const Now& Connection::now() const {
  return host_.now();
}
Random& Connection::random() {
  return host_.random();
}
Logger& Connection::log() {
  return host_.log();
}

void Connection::close_after_output() {
  if (phase_ != Phase::open) return;
  phase_ = Phase::closing;
  time_limit_ = now().mono + host_.limits().linger;
  host_.buffers().give_back(unread_);
  hold_frame_room(0);
  schedule();
  host_.touch(*this);
}

void Connection::resume_input() {
  input_waits_ = false;
  if (std::exchange(resuming_, true)) return;
  host_.continue_later(*this);
}

void Connection::deadline_changed() {
  schedule();
}

void Connection::authenticated() {
  if (std::exchange(is_authenticated_, true)) return;
  host_.no_stranger(*this);
  if (phase_ == Phase::open) time_limit_ = kNever;
  schedule();
  host_.touch(*this);  // more may be read now
}

// ---- Time

void Connection::schedule() {
  TimePoint next = time_limit_;
  if (phase_ == Phase::open && session_ != nullptr) {
    next = std::min(next, session_->next_deadline());
  }
  // One that moves later is found out when the earlier time comes: heartbeats move all the time.
  if (next < host_.deadlines().scheduled(*this)) host_.deadlines().set(*this, next);
}

void Connection::on_expired(const Now& now) {
  if (phase_ == Phase::dropped) return;
  if (time_limit_ <= now.mono) {
    host_.log().info("{}: dropped: {}", name_,
                     phase_ == Phase::closing || phase_ == Phase::lingering
                         ? "it did not close in time"
                         : "no login in time");
    return drop();
  }
  if (phase_ == Phase::open && session_->next_deadline() <= now.mono) {
    before_session();
    session_->on_deadline(now.mono);
    after_session();
  }
  schedule();
}

// ---- Output

void Connection::on_writable() {
  output_waits_ = false;
  host_.touch(*this);
}

void Connection::end_turn() {
  if (phase_ == Phase::dropped) return;
  if (!output_waits_) send_output();
  if (phase_ == Phase::closing && output_.empty()) begin_lingering();
  if (may_read())
    stream_->await_readable();
  else if (phase_ == Phase::open)
    host_.look_for_hang_ups();
  account();
}

void Connection::send_output() {
  std::array<ByteView, kPiecesMax> pieces;
  while (output_.sendable_bytes() != 0) {
    const std::size_t count = output_.gather(pieces);
    std::size_t offered = 0;
    for (const ByteView piece : std::span(pieces).first(count)) offered += piece.size();
    const Result<std::size_t> sent = stream_->write_some(std::span(pieces).first(count));
    if (!sent && sent.error().code != Errc::need_more) {
      tell_of_loss(sent.error().what);
      return drop();
    }
    const std::size_t bytes = sent.value_or(0);
    output_.consume(bytes);
    bytes_sent_ += bytes;
    if (bytes < offered) {
      output_waits_ = true;
      stream_->await_writable();
      break;
    }
  }
  if (output_.empty() && output_.buffer().capacity() != 0) {
    ByteBuffer buffer;
    output_.swap_buffer(buffer);
    host_.buffers().give_back(buffer);
  }
  if (output_.has_gap()) {
    fill_gap();
  } else if (delivered_ && client_ && output_.pending_bytes() <= host_.limits().output_low_bytes) {
    delivered_ = false;
    client_->on_output_drained();
    host_.run_again();
  }
  if (input_paused_ && !has_output_enough()) {
    input_paused_ = false;
    resume_input();
  }
}

void Connection::fill_gap() {
  if (phase_ != Phase::open || output_.sendable_bytes() > host_.limits().output_low_bytes) return;
  session_->on_output_low();
  host_.run_again();
}

// ---- The end

void Connection::begin_lingering() {
  phase_ = Phase::lingering;
  end_session();
  if (peer_closed_) return drop();
  stream_->shutdown_write();
}

void Connection::end_session() {
  if (session_) {
    session_->on_closed();
    host_.run_again();
  }
  client_.reset();  // after the session has returned its leases
  session_.reset();
}

void Connection::drop() {
  if (phase_ == Phase::dropped) return;
  phase_ = Phase::dropped;
  end_session();
  stream_.reset();
  slot_ = {};
  host_.no_stranger(*this);
  host_.buffers().give_back(unread_);
  hold_frame_room(0);
  host_.deadlines().set(*this, kNever);
  account();
  host_.forget_input_of(*this);
  host_.bury(*this);
}

}  // namespace naru::server
