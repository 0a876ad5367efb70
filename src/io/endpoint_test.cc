#include <gtest/gtest.h>

#include "io/network.h"

namespace naru::io {
namespace {

TEST(Endpoint, ReadsWhatItWrites) {
  for (const char* text : {"127.0.0.1:5672", "[::1]:0", "broker.example:65535"}) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_EQ(Endpoint::parse("localhost:1")->host, "127.0.0.1");
}

TEST(Endpoint, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", ":", "127.0.0.1", ":5672", "127.0.0.1:", "127.0.0.1:65536", "::1:5672", "127.0.0.1:56x",
        "127.0.0.1:-1", "[]:1", "[\"127.0.0.1:1", "a b:1", "\xae:1"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(Endpoint, KnowsLoopback) {
  EXPECT_TRUE(Endpoint::parse("127.8.0.1:1")->is_loopback());
  EXPECT_TRUE(Endpoint::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(Endpoint::parse("10.0.0.1:1")->is_loopback());
}

}  // namespace
}  // namespace naru::io
