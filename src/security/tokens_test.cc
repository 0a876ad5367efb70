#include "security/tokens.h"

#include <gtest/gtest.h>

#include <set>

namespace naru::security {
namespace {

TEST(Tokens, AreHexadecimalAndNeverTheSame) {
  Tokens tokens(TokenKey{1});
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = tokens.next();
    EXPECT_EQ(token.size(), 32u);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(Tokens, DependOnTheKeyAlone) {
  EXPECT_EQ(Tokens(TokenKey{1}).next(), Tokens(TokenKey{1}).next());
  EXPECT_NE(Tokens(TokenKey{1}).next(), Tokens(TokenKey{2}).next());
  EXPECT_NE(new_token_key(), new_token_key());
}

}  // namespace
}  // namespace naru::security
