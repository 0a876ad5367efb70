#include "io/asio/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
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
  more_ = nullptr;
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
      sent_bytes_ = 0;
      untaken_bytes_ = stream_->untaken_bytes();
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
  const std::size_t held = state_ == State::closed
                               ? 0
                               : kObjectBytes + header_bytes_ + input_.capacity() + unsent_bytes_;
  server_->connection_holds(std::exchange(held_bytes_, held), held);
}

void HttpConnection::on_deadline() {
  if (state_ == State::reading && begun_) {
    return refuse(408, "the request took too long");
  }
  if (state_ == State::answering) return refuse(503, "the broker did not answer in time");
  if (state_ == State::writing) {
    if (took_enough()) return enter(State::writing);
    server_->note_slow(stream_->peer(), unsent_bytes_ + stream_->untaken_bytes());
  }
  close();
}

// The system's buffers take megabytes before they are full, and tell late that they are not.
bool HttpConnection::took_enough() const {
  const std::size_t taken = untaken_bytes_ + sent_bytes_ - stream_->untaken_bytes();
  return taken >= server_->limits().write_bytes_min;
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
  if (state_ == State::reading) return parse();
  account();
  // Its end comes behind what it has pipelined.
  const bool has_room = input_.size() <= server_->limits().header_bytes_max;
  if (state_ == State::answering && has_room) stream_->await_readable();
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
  knows_chunks_ = parser_->knows_chunks();
  HttpRequest request = parser_->take();
  request.peer = stream_->peer();
  head_only_ = request.method == "HEAD";
  enter(State::answering);
  server_->handler().on_request(std::move(request),
                                HttpResponder(
                                    [weak = weak_from_this()](HttpResponse response) {
                                      const auto self = weak.lock();
                                      if (self != nullptr && self->state_ == State::answering)
                                        self->answer(std::move(response));
                                    },
                                    [weak = weak_from_this()] {
                                      const auto self = weak.lock();
                                      return self != nullptr && !self->peer_ended_;
                                    }));
  if (state_ == State::answering) stream_->await_readable();  // it may go
}

// ---- Writing ----------------------------------------------------------------------------------

void HttpConnection::answer(HttpResponse response) {
  const bool is_long = response.more != nullptr;
  chunked_ = is_long && knows_chunks_;
  if (is_long && !chunked_) keep_alive_ = false;  // its end is that of the connection
  const Framing framing = chunked_  ? Framing::chunks
                          : is_long ? Framing::connection
                                    : Framing::length;
  put(format_header(response, framing, keep_alive_ && !peer_ended_,
                    server_->scheduler().now().wall_ms));
  if (!head_only_ && response.status != 204) {
    put_piece(std::move(response.body));
    more_ = std::move(response.more);
  }
  server_->make_room_to_send(*this);
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

void HttpConnection::put(std::string text) {
  if (text.empty()) return;
  note_unsent(unsent_bytes_ + text.size());
  output_.push_back(std::move(text));
}

void HttpConnection::put_piece(std::string piece) {
  if (!chunked_) return put(std::move(piece));
  if (piece.empty()) return;  // an empty chunk is the last one
  put(fmt::format("{:x}\r\n", piece.size()));
  put(std::move(piece));
  put("\r\n");
}

void HttpConnection::write() {
  while (!output_.empty()) {
    // A header goes with what follows it, and a chunk with what is around it.
    std::array<ByteView, 4> texts;
    const std::size_t count = std::min(texts.size(), output_.size());
    for (std::size_t at = 0; at < count; ++at) texts[at] = as_bytes(output_[at]);
    texts[0] = texts[0].subspan(written_);
    const Result<std::size_t> sent = stream_->write_some(std::span(texts).first(count));
    if (!sent) {
      if (sent.error().code != Errc::need_more) return close();
      return stream_->await_writable();
    }
    take_off(*sent);
    // Whoever takes a byte now and then does not take an answer.
    sent_bytes_ += *sent;
    sent_bytes_ < server_->limits().write_bytes_min ? account() : enter(State::writing);
  }
  more_ != nullptr ? ask_for_more() : on_written();
}

void HttpConnection::ask_for_more() {
  enter(State::writing);
  more_->next([weak = weak_from_this()](std::string piece) {
    const auto self = weak.lock();
    if (self != nullptr && self->state_ == State::writing) self->on_more(std::move(piece));
  });
}

void HttpConnection::on_more(std::string piece) {
  if (piece.empty()) {
    more_ = nullptr;
    if (chunked_) put("0\r\n\r\n");
  } else {
    put_piece(std::move(piece));
  }
  server_->make_room_to_send(*this);
  enter(State::writing);
  write();
}

void HttpConnection::note_unsent(std::size_t bytes) {
  server_->unsent_changes(std::exchange(unsent_bytes_, bytes), bytes);
}

void HttpConnection::take_off(std::size_t sent_bytes) {
  written_ += sent_bytes;
  while (!output_.empty() && written_ >= output_.front().size()) {
    written_ -= output_.front().size();
    note_unsent(unsent_bytes_ - output_.front().size());
    output_.pop_front();
  }
}

void HttpConnection::on_writable() {
  const auto self = shared_from_this();
  if (state_ == State::writing) write();
}

void HttpConnection::on_written() {
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
  note_unsent(0);
  more_ = nullptr;
  enter(State::closed);
  server_->forget(id_);
  stream_.reset();
}

}  // namespace naru::io::asio_impl
