#include "core/reply_address.h"

#include <gtest/gtest.h>

namespace naru::core {
namespace {

TEST(ReplyAddress, NamesItsConnection) {
  security::Tokens tokens(security::TokenKey{1});
  const ConnectionId connection((std::uint64_t{3} << 48) | 77);
  const std::string address = make_reply_address(connection, tokens);
  EXPECT_TRUE(address.starts_with("amq.rabbitmq.reply-to."));
  EXPECT_EQ(parse_reply_address(address), connection);
  EXPECT_NE(make_reply_address(connection, tokens), address);
}

TEST(ReplyAddress, AnythingElseIsNone) {
  security::Tokens tokens(security::TokenKey{1});
  const std::string address = make_reply_address(ConnectionId(1), tokens);
  EXPECT_FALSE(parse_reply_address(address.substr(0, address.size() - 1)));
  EXPECT_FALSE(parse_reply_address(address + "0"));
  EXPECT_FALSE(parse_reply_address("amq.rabbitmq.reply-to."));
  EXPECT_FALSE(parse_reply_address("amq.rabbitmq.reply-to"));
  std::string bad = address;
  bad[25] = 'g';
  EXPECT_FALSE(parse_reply_address(bad));
}

}  // namespace
}  // namespace naru::core
