#include "io/asio/http_connection.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "io/asio/http_server.h"

namespace naru::io::asio_impl {

namespace {
// How long a peer may go on talking after it was told that the connection ends. Closing at once
// could destroy the answer on its way (RFC 9112, 9.6).
constexpr Duration kLinger = std::chrono::seconds(2);
// The connection, its parser and its stream.
constexpr std::size_t kObjectBytes = 2048;
}  // namespace

HttpConnection::HttpConnection(StreamHttpServer& server, std::uint64_t id,
                               std::unique_ptr<Stream> stream)
    : server_(&server), id_(id), stream_(std::move(stream)) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  stream_->set_handler(this);
  parser_.emplace(server_->limits());
  enter(State::reading);  // a stranger has no idle time
  stream_->await_readable();
}

void HttpConnection::drop() {
  state_ = State::closed;
  server_ = nullptr;
  stream_.reset();
}

void HttpConnection::enter(State state) {
  state_ = state;
  const HttpLimits& limits = server_->limits();
  Duration allowed{};
  switch (state) {
    case State::idle:
      allowed = limits.idle_time_max;
      break;
    case State::reading:
      allowed = limits.read_time_max;
      break;
    case State::answering:
      allowed = limits.answer_time_max;
      break;
    case State::writing:
      allowed = limits.write_time_max;
      break;
    case State::closing:
      allowed = kLinger;
      break;
    case State::closed:
      deadline_ = kNever;
      return account();
  }
  deadline_ = server_->scheduler().now().mono + allowed;
  server_->wake_at(deadline_);
  account();
}

void HttpConnection::account() {
  const std::size_t held = state_ == State::closed ? 0
                                                   : kObjectBytes + header_bytes_ +
                                                         input_.capacity() + output_.capacity();
  server_->connection_holds(std::exchange(held_bytes_, held), held);
}

void HttpConnection::on_deadline() {
  if (state_ == State::reading && begun_) {
    return refuse(408, "the request took too long");
  }
  if (state_ == State::answering) return refuse(503, "the broker did not answer in time");
  close();
}

// ---- Reading ----------------------------------------------------------------------------------

void HttpConnection::on_readable() {
  const auto self = shared_from_this();
  const MutableByteView buffer = server_->read_buffer();
  const Result<std::size_t> got = stream_->read_some(buffer);
  if (!got) {
    if (got.error().code != Errc::need_more) return close();
    return stream_->await_readable();
  }
  if (*got == 0) {
    // The peer may have ended its side and still wait for the answer.
    peer_ended_ = true;
    if (state_ == State::answering || state_ == State::writing) return;
    return close();
  }
  if (state_ == State::closing) return stream_->await_readable();
  begun_ = true;
  input_.append(as_text(ByteView(buffer).first(*got)));
  if (state_ == State::idle) enter(State::reading);
  if (state_ == State::reading) parse();
}

void HttpConnection::parse() {
  while (state_ == State::reading && !parser_->complete() && !input_.empty()) {
    const Result<std::size_t> used = parser_->put(as_bytes(input_));
    if (!used) {
      if (used.error().code != Errc::limit) return refuse(400, used.error().what);
      return parser_->body_too_large() ? refuse(413, "the body is too large")
                                       : refuse(431, "the header is too large");
    }
    input_.erase(0, *used);
    if (!header_seen_) header_bytes_ += *used;
    if (parser_->header_complete() && !header_seen_) {
      on_header();
    } else if (*used == 0) {
      break;
    }
  }
  if (state_ != State::reading) return;
  account();
  if (parser_->complete()) return dispatch();
  stream_->await_readable();
}

void HttpConnection::on_header() {
  header_seen_ = true;
  const std::size_t body_bytes = parser_->body_bytes_max();
  if (!server_->claim(*this, body_bytes)) return refuse(503, "too many requests at once");
  claimed_bytes_ = body_bytes;
  if (body_bytes != 0 && parser_->expects_continue()) {
    // 25 bytes into an empty socket buffer; a client that misses them sends on by itself.
    const ByteView interim = as_bytes("HTTP/1.1 100 Continue\r\n\r\n");
    if (!stream_->write_some({&interim, 1})) return close();
  }
}

void HttpConnection::dispatch() {
  keep_alive_ = parser_->keep_alive();
  HttpRequest request = parser_->take();
  request.peer = stream_->peer();
  head_only_ = request.method == "HEAD";
  enter(State::answering);
  server_->handler().on_request(std::move(request),
                                HttpResponder([weak = weak_from_this()](HttpResponse response) {
                                  const auto self = weak.lock();
                                  if (self != nullptr && self->state_ == State::answering)
                                    self->answer(std::move(response));
                                }));
}

// ---- Writing ----------------------------------------------------------------------------------

void HttpConnection::answer(HttpResponse response) {
  output_ = format_response(response, keep_alive_ && !peer_ended_, head_only_,
                            server_->scheduler().now().wall_ms);
  written_ = 0;
  server_->make_room_to_send(*this, output_.size());
  server_->unsent_changes(0, output_.size());
  enter(State::writing);
  write();
}

void HttpConnection::refuse(unsigned status, std::string_view reason) {
  keep_alive_ = false;
  input_.clear();
  answer({.status = status,
          .content_type = "application/json",
          .headers = {},
          .body = fmt::format(R"({{"error":"bad_request","reason":"{}"}})", reason)});
}

void HttpConnection::write() {
  while (written_ < output_.size()) {
    const ByteView rest = as_bytes(output_).subspan(written_);
    const Result<std::size_t> sent = stream_->write_some({&rest, 1});
    if (!sent) {
      if (sent.error().code != Errc::need_more) return close();
      return stream_->await_writable();
    }
    written_ += *sent;
    enter(State::writing);  // progress: the peer gets its time anew
  }
  on_written();
}

void HttpConnection::on_writable() {
  const auto self = shared_from_this();
  if (state_ == State::writing) write();
}

void HttpConnection::on_written() {
  server_->unsent_changes(output_.size(), 0);
  std::string().swap(output_);  // gives its memory back; an assignment would keep it
  if (input_.empty()) std::string().swap(input_);
  header_bytes_ = 0;
  server_->release(std::exchange(claimed_bytes_, 0));
  if (!keep_alive_ || peer_ended_) return finish();
  parser_.emplace(server_->limits());
  header_seen_ = false;
  begun_ = !input_.empty();
  if (!begun_) {
    enter(State::idle);
    return stream_->await_readable();
  }
  // A pipelined request. In a later turn, as the handler that has just answered is still on the
  // stack.
  enter(State::reading);
  server_->scheduler().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && self->state_ == State::reading) self->parse();
  });
}

void HttpConnection::finish() {
  if (peer_ended_) return close();
  stream_->shutdown_write();
  enter(State::closing);
  stream_->await_readable();
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  const auto self = shared_from_this();
  server_->release(std::exchange(claimed_bytes_, 0));
  if (is_sending()) server_->unsent_changes(output_.size(), 0);
  enter(State::closed);
  server_->forget(id_);
  stream_.reset();
}

}  // namespace naru::io::asio_impl
