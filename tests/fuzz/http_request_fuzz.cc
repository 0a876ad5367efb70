// Requests as anybody may send them, in pieces of any size: the parser takes what it reports, ends,
// and never holds more than the limits allow.
#include <algorithm>
#include <cstdlib>

#include "io/asio/http_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const naru::io::HttpLimits limits{.header_bytes_max = 1024, .body_bytes_max = 2048};
  naru::io::asio_impl::HttpRequestParser parser(limits);
  // The first byte says how large the pieces are.
  const std::size_t piece = 1u + data[0];
  const naru::ByteView input(data + 1, size - 1);
  std::string pending;
  for (std::size_t at = 0; at < input.size() && !parser.complete(); at += piece) {
    pending += naru::as_text(input.subspan(at, std::min(piece, input.size() - at)));
    while (!pending.empty() && !parser.complete()) {
      const auto used = parser.put(naru::as_bytes(pending));
      if (!used) return 0;
      if (*used > pending.size()) std::abort();
      pending.erase(0, *used);
      if (*used == 0) break;
    }
  }
  if (!parser.complete()) return 0;
  const naru::io::HttpRequest request = parser.take();
  if (request.body.size() > limits.body_bytes_max || request.method.empty()) std::abort();
  return 0;
}
