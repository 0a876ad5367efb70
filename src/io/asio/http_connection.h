#pragma once
/// One connection of the HTTP server: one request, one answer, and again.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/asio/http_parser.h"
#include "io/http.h"
#include "io/network.h"

namespace naru::io::asio_impl {

class StreamHttpServer;

/// Owned by the server (shared for the length of a call, and weakly by responders).
class HttpConnection final : public StreamHandler,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(StreamHttpServer& server, std::uint64_t id, std::unique_ptr<Stream> stream);
  ~HttpConnection() override;

  void start();
  /// The server is going away: nothing may refer to it any more.
  void drop();
  TimePoint deadline() const { return deadline_; }
  void on_deadline();
  /// Whether it is the peer's turn: to begin a request, to end it, or to leave.
  bool awaits_peer() const {
    return state_ == State::idle || state_ == State::reading || state_ == State::closing;
  }
  /// Whether a body was announced and has not come whole.
  bool awaits_body() const { return state_ == State::reading && claimed_bytes_ != 0; }
  /// Whether there is something of an answer that the peer has not taken.
  bool is_sending() const { return state_ == State::writing && unsent_bytes_ != 0; }
  /// Whether its time is over before the other's; with equal times the older one's is.
  bool ends_before(const HttpConnection& other) const {
    return std::pair(deadline_, id_) < std::pair(other.deadline_, other.id_);
  }
  void close();

  void on_readable() override;
  void on_writable() override;

 private:
  enum class State {
    idle,       // between requests
    reading,    // a request has begun
    answering,  // the handler has it
    writing,    // its answer goes out
    closing,    // all is said: what the peer still sends is thrown away
    closed,
  };

  void enter(State state);
  void account();
  void parse();
  void on_header();
  void dispatch();
  void answer(HttpResponse response);
  void refuse(unsigned status, std::string_view reason);
  void write();
  void put(std::string text);
  void put_piece(std::string piece);
  void ask_for_more();
  void on_more(std::string piece);
  void take_off(std::size_t sent_bytes);
  void note_unsent(std::size_t bytes);
  bool took_enough() const;
  void on_written();
  void finish();

  StreamHttpServer* server_;
  const std::uint64_t id_;
  std::unique_ptr<Stream> stream_;
  State state_ = State::idle;
  TimePoint deadline_ = kNever;
  std::optional<HttpRequestParser> parser_;
  std::string input_;  // received and not yet parsed: never more than a header and one read
  std::deque<std::string> output_;  // of an answer, what is not sent
  std::size_t written_ = 0;         // of its first text
  std::size_t unsent_bytes_ = 0;    // in output_, as the server was told
  std::size_t sent_bytes_ = 0;      // since the peer got its time anew
  std::size_t untaken_bytes_ = 0;   // of what was sent, when it got it
  std::unique_ptr<HttpBody> more_;  // of the answer, not made yet
  std::size_t claimed_bytes_ = 0;
  std::size_t header_bytes_ = 0;  // with the parser
  std::size_t held_bytes_ = 0;    // as the server was told
  bool begun_ = false;            // something of the request has come
  bool header_seen_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool peer_ended_ = false;
  bool knows_chunks_ = false;
  bool chunked_ = false;  // the answer
};

/// How the end of a body is known (RFC 9112, 6).
enum class Framing : std::uint8_t { length, chunks, connection };

/// The bytes of a response before its body.
std::string format_header(const HttpResponse& response, Framing framing, bool keep_alive,
                          WallMs now_ms);

}  // namespace naru::io::asio_impl
