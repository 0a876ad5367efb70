// Worry: an expiration that is refused or understood otherwise than clients know it.
#include "protocol/amqp091/expiration.h"

#include <gtest/gtest.h>

namespace naru::amqp091 {
namespace {

TEST(Expiration, IsADecimalNumberOfMilliseconds) {
  EXPECT_EQ(parse_expiration("0"), 0u);
  EXPECT_EQ(parse_expiration("60000"), 60000u);
  EXPECT_EQ(parse_expiration("+7"), 7u);
  EXPECT_EQ(parse_expiration("315360000000"), 315360000000u);
}

TEST(Expiration, EverythingElseIsRefusedWithItsReason) {
  const auto refusal = [](std::string_view text) { return parse_expiration(text).error().what; };
  EXPECT_EQ(refusal(""), "invalid expiration '': no_integer");
  EXPECT_EQ(refusal("soon"), "invalid expiration 'soon': no_integer");
  EXPECT_EQ(refusal("10ms"), "invalid expiration '10ms': {leftover_string,\"ms\"}");
  EXPECT_EQ(refusal("-1"), "invalid expiration '-1': {value_negative,-1}");
  EXPECT_EQ(refusal("315360000001"),
            "invalid expiration '315360000001': {value_too_large,315360000001}");
  EXPECT_EQ(refusal("99999999999999999999"),
            "invalid expiration '99999999999999999999': {value_too_large,99999999999999999999}");
}

}  // namespace
}  // namespace naru::amqp091
