#include "admin/basic_auth.h"

#include <gtest/gtest.h>

namespace naru::admin {
namespace {

TEST(BasicAuth, UserAndPasswordAreReadBack) {
  // RFC 7617, 2: the user "Aladdin".
  const auto aladdin = parse_basic_auth("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  ASSERT_TRUE(aladdin);
  EXPECT_EQ(aladdin->user, "Aladdin");
  EXPECT_EQ(aladdin->password, "open sesame");
  for (const char* password : {"", "a", "ab", "abc", "with:colon", "\xff\xfe"}) {
    const auto read = parse_basic_auth(format_basic_auth("u", password));
    ASSERT_TRUE(read) << password;
    EXPECT_EQ(read->user, "u");
    EXPECT_EQ(read->password, password);
  }
}

TEST(BasicAuth, TheSchemeIsReadWithoutCaseAndPaddingMayLack) {
  EXPECT_TRUE(parse_basic_auth("bAsIc QTpi"));
  EXPECT_EQ(parse_basic_auth("Basic QWI6Yw")->user, "Ab");
}

TEST(BasicAuth, OtherSchemesAndNonsenseAreNothing) {
  for (const char* header :
       {"", "Basic", "Basic ", "Bearer QTpi", "Basic ?", "Basic QUI=", "Basic Q Tp"}) {
    EXPECT_FALSE(parse_basic_auth(header)) << header;
  }
}

}  // namespace
}  // namespace naru::admin
