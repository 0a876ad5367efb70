#include "io/asio/http_parser.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>

namespace naru::io::asio_impl {

namespace http = boost::beast::http;

namespace {

std::string text(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

// Of a chunked body at least "0\r\n\r\n" is still to come until it is complete. Beast's parser
// takes for granted that it sees as many bytes when it goes on with the last chunk.
constexpr std::size_t kChunkedRestMin = 5;

/// Feeds `parser` until it wants more than there is, or has a header or a message.
template <typename Parser>
Result<std::size_t> put_into(Parser& parser, ByteView input, boost::system::error_code& error) {
  std::size_t used = 0;
  const bool had_header = parser.is_header_done();
  while (used < input.size() && !parser.is_done() && parser.is_header_done() == had_header) {
    const ByteView rest = input.subspan(used);
    if (had_header && parser.chunked() && rest.size() < kChunkedRestMin) return used;
    const std::size_t count = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
    used += count;
    if (error == http::error::need_more) return used;
    if (error == http::error::header_limit || error == http::error::body_limit) {
      return fail(Errc::limit, error.message());
    }
    if (error) return fail(Errc::malformed, error.message());
    if (count == 0) return used;
  }
  return used;
}

template <typename Message>
HttpHeaders headers_of(const Message& message) {
  HttpHeaders headers;
  for (const auto& field : message)
    headers.emplace_back(text(field.name_string()), text(field.value()));
  return headers;
}

}  // namespace

struct HttpRequestParser::Impl {
  http::request_parser<http::string_body> parser;
  std::size_t body_bytes_max = 0;
  boost::system::error_code last_error;
};

HttpRequestParser::HttpRequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  impl_->parser.body_limit(limits.body_bytes_max);
  impl_->body_bytes_max = limits.body_bytes_max;
}
HttpRequestParser::~HttpRequestParser() = default;

Result<std::size_t> HttpRequestParser::put(ByteView input) {
  return put_into(impl_->parser, input, impl_->last_error);
}
bool HttpRequestParser::body_too_large() const {
  return impl_->last_error == http::error::body_limit;
}
bool HttpRequestParser::header_complete() const {
  return impl_->parser.is_header_done();
}
bool HttpRequestParser::complete() const {
  return impl_->parser.is_done();
}
std::size_t HttpRequestParser::body_bytes_max() const {
  if (impl_->parser.is_done()) return 0;
  const auto length = impl_->parser.content_length();
  return length ? static_cast<std::size_t>(*length) : impl_->body_bytes_max;
}
bool HttpRequestParser::expects_continue() const {
  return boost::beast::iequals(impl_->parser.get()[http::field::expect], "100-continue");
}
bool HttpRequestParser::keep_alive() const {
  return impl_->parser.keep_alive();
}
bool HttpRequestParser::knows_chunks() const {
  return impl_->parser.get().version() >= 11;
}
HttpRequest HttpRequestParser::take() {
  auto message = impl_->parser.release();
  return {.method = text(message.method_string()),
          .target = text(message.target()),
          .headers = headers_of(message),
          .body = std::move(message.body()),
          .peer = {}};
}

struct HttpResponseParser::Impl {
  http::response_parser<http::string_body> parser;
};

HttpResponseParser::HttpResponseParser(std::size_t body_bytes_max, bool to_head)
    : impl_(std::make_unique<Impl>()) {
  impl_->parser.body_limit(body_bytes_max);
  impl_->parser.skip(to_head);
}
HttpResponseParser::~HttpResponseParser() = default;

Result<std::size_t> HttpResponseParser::put(ByteView input) {
  boost::system::error_code error;
  return put_into(impl_->parser, input, error);
}
Result<void> HttpResponseParser::put_end() {
  // To Beast's parser the end of nothing is a whole answer.
  if (!impl_->parser.got_some())
    return fail(Errc::unavailable, "the connection ended without an answer");
  boost::system::error_code error;
  impl_->parser.put_eof(error);
  if (error || !impl_->parser.is_done()) return fail(Errc::unavailable, "the answer was cut short");
  return {};
}
bool HttpResponseParser::complete() const {
  return impl_->parser.is_done();
}
HttpResponse HttpResponseParser::take() {
  auto message = impl_->parser.release();
  HttpResponse response{.status = message.result_int(),
                        .content_type = text(message[http::field::content_type]),
                        .headers = headers_of(message),
                        .body = std::move(message.body())};
  return response;
}

}  // namespace naru::io::asio_impl
