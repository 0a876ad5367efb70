#include <fmt/format.h>

#include <ctime>

#include "io/asio/http_connection.h"

namespace naru::io::asio_impl {

namespace {

std::string_view phrase_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

/// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallMs now_ms) {
  const std::time_t seconds = now_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

/// A value that came from outside must not end its line.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

}  // namespace

std::string format_header(const HttpResponse& response, Framing framing, bool keep_alive,
                          WallMs now_ms) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, phrase_of(response.status));
  append_header(out, "Date", http_date(now_ms));
  append_header(out, "Cache-Control", "no-store");
  append_header(out, "X-Content-Type-Options", "nosniff");
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  // RFC 9110, 8.6: a 204 has no length.
  if (response.status != 204 && framing == Framing::length) {
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  }
  if (framing == Framing::chunks) append_header(out, "Transfer-Encoding", "chunked");
  return out + "\r\n";
}

}  // namespace naru::io::asio_impl
