#pragma once
/// HTTP/1.1 messages from bytes, by Boost.Beast. The .cc is the only file that includes it.

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "io/http.h"

namespace naru::io::asio_impl {

/// Reads one request.
class HttpRequestParser {
 public:
  explicit HttpRequestParser(const HttpLimits& limits);
  ~HttpRequestParser();
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  /// Consumes a prefix of `input` and returns its length; stops behind the header, and behind the
  /// request. What is left is handed in again with what follows. Errors: malformed; limit (of the
  /// body when body_too_large(), else of the header).
  Result<std::size_t> put(ByteView input);
  bool header_complete() const;
  bool complete() const;
  bool body_too_large() const;
  /// Of a complete header: how much body may come; the client waits for a "100 Continue".
  std::size_t body_bytes_max() const;
  bool expects_continue() const;
  bool keep_alive() const;
  /// Whether the peer knows chunks: since HTTP/1.1.
  bool knows_chunks() const;
  /// Of a complete request, once.
  HttpRequest take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads one response.
class HttpResponseParser {
 public:
  /// `to_head`: no body follows, whatever the header says.
  HttpResponseParser(std::size_t body_bytes_max, bool to_head);
  ~HttpResponseParser();
  HttpResponseParser(const HttpResponseParser&) = delete;
  HttpResponseParser& operator=(const HttpResponseParser&) = delete;

  Result<std::size_t> put(ByteView input);
  /// The server closed: the end of a body without a length. Errors: unavailable (cut short).
  Result<void> put_end();
  bool complete() const;
  HttpResponse take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::io::asio_impl
