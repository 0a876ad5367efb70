#include <fmt/format.h>

#include <array>

#include "io/asio/blocking.h"
#include "io/asio/http_parser.h"

namespace naru::io::asio_impl {

namespace {

// Listings of a large broker are tens of megabytes.
constexpr std::size_t kBodyBytesMax = 256u << 20;

std::string format_request(const Endpoint& server, const HttpRequest& request) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                request.method, request.target, server.to_string());
  for (const auto& [name, value] : request.headers) out += fmt::format("{}: {}\r\n", name, value);
  if (!request.body.empty() || request.method == "PUT" || request.method == "POST") {
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return out + "\r\n" + request.body;
}

/// Hands over all that the parser takes.
Result<void> feed(HttpResponseParser& parser, std::string& input) {
  std::size_t used_in_all = 0;
  while (used_in_all < input.size() && !parser.complete()) {
    NARU_TRY(used, parser.put(as_bytes(input).subspan(used_in_all)));
    used_in_all += used;
    if (used == 0) break;
  }
  input.erase(0, used_in_all);
  return {};
}

}  // namespace

Result<HttpResponse> BlockingHttpClient::exchange(const Endpoint& server,
                                                  const HttpRequest& request, Duration time_max) {
  NARU_TRY(stream, connector_.connect(server, time_max));
  NARU_TRY_VOID(stream->write_all(as_bytes(format_request(server, request)), time_max));
  HttpResponseParser parser(kBodyBytesMax, request.method == "HEAD");
  std::array<std::uint8_t, 65536> buffer;
  std::string input;
  while (!parser.complete()) {
    const Result<std::size_t> got = stream->read_some(buffer, time_max);
    if (!got && got.error().code == Errc::need_more) {
      return fail(Errc::unavailable, server.to_string() + ": no answer");
    }
    if (!got) return std::unexpected(got.error());
    if (*got == 0) {
      NARU_TRY_VOID(parser.put_end());
      break;
    }
    input.append(as_text(ByteView(buffer).first(*got)));
    NARU_TRY_VOID(feed(parser, input));
  }
  return parser.take();
}

}  // namespace naru::io::asio_impl
