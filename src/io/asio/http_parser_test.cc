// What worries us: an answer that never came, or half came, and passes for one.
#include "io/asio/http_parser.h"

#include <gtest/gtest.h>

namespace naru::io::asio_impl {
namespace {

constexpr std::size_t kBodyBytesMax = 1000;

Result<void> end_after(std::string_view text) {
  HttpResponseParser parser(kBodyBytesMax, false);
  ByteView input = as_bytes(text);
  while (!input.empty()) {
    NARU_TRY(used, parser.put(input));
    if (used == 0) break;
    input = input.subspan(used);
  }
  return parser.put_end();
}

TEST(HttpResponseParser, TheEndOfTheConnectionEndsABodyWithoutALength) {
  EXPECT_TRUE(end_after("HTTP/1.1 200 OK\r\n\r\nbody"));
}

TEST(HttpResponseParser, AnEndBeforeTheAnswerIsCompleteIsMalformed) {
  for (const char* text :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody"}) {
    const auto ended = end_after(text);
    ASSERT_FALSE(ended) << text;
    EXPECT_EQ(ended.error().code, Errc::unavailable) << text;
  }
}

}  // namespace
}  // namespace naru::io::asio_impl
