// Worry: a name or password cut at the wrong place, and a response that is half understood.
#include "protocol/amqp091/sasl.h"

#include <gtest/gtest.h>

#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {
namespace {

using std::string_view_literals::operator""sv;

TEST(Sasl, PlainIsNulUserNulPassword) {
  const auto credentials = parse_plain("\0guest\0p:w"sv);
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->user, "guest");
  EXPECT_EQ(credentials->password, "p:w");
  EXPECT_EQ(parse_plain("\0guest\0"sv)->password, "");
}

TEST(Sasl, PlainRefusesEverythingElse) {
  for (const std::string_view response :
       {""sv, "\0"sv, "\0guest"sv, "guest\0guest"sv, "as\0guest\0guest"sv, "\0guest\0guest\0"sv})
    EXPECT_FALSE(parse_plain(response));
}

TEST(Sasl, AmqplainIsATableWithoutItsLength) {
  ByteBuffer table;
  append_table(table, {{"LOGIN", message::Value(std::string("u"))},
                       {"PASSWORD", message::Value(message::Binary{"p"})}});
  const auto credentials = parse_amqplain(table.view().subspan(4));
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->user, "u");
  EXPECT_EQ(credentials->password, "p");
  EXPECT_FALSE(parse_amqplain(table.view()));
  EXPECT_FALSE(parse_amqplain({}));

  ByteBuffer number;
  append_table(number, {{"LOGIN", message::Value(message::Integer{1})},
                        {"PASSWORD", message::Value(std::string("p"))}});
  EXPECT_FALSE(parse_amqplain(number.view().subspan(4)));
}

TEST(Errors, TextsAreCutToAShortStringBetweenCharacters) {
  EXPECT_EQ(reply_text(ReplyCode::not_found, "no queue 'q' in vhost '/'"),
            "NOT_FOUND - no queue 'q' in vhost '/'");
  std::string name;
  for (int i = 0; i < 150; ++i) name += "\xc3\xa9";
  const std::string text = reply_text(ReplyCode::not_found, name);
  EXPECT_EQ(text.size(), 255u);  // 12 bytes before, whole characters of 2, and the dots
  EXPECT_TRUE(text.ends_with("\xa9..."));
  EXPECT_EQ(reply_text(ReplyCode::not_found, "no exchange '\xff'"), "NOT_FOUND - no exchange '?'");
}

TEST(Errors, SoftErrorsAreThoseOfTheSpecification) {
  for (const ReplyCode code : {ReplyCode::access_refused, ReplyCode::not_found,
                               ReplyCode::resource_locked, ReplyCode::precondition_failed})
    EXPECT_FALSE(is_hard(code));
  for (const ReplyCode code : {ReplyCode::not_allowed, ReplyCode::frame_error,
                               ReplyCode::not_implemented, ReplyCode::connection_forced})
    EXPECT_TRUE(is_hard(code));
}

TEST(Errors, OctetsAreShownUpToSixteen) {
  EXPECT_EQ(octets_text(""), "all octets = <<>>");
  EXPECT_EQ(octets_text("\x01\xff"), "all octets = <<1,255>>");
  EXPECT_EQ(octets_text(std::string(17, 'a')), "first 16 octets = <<\"aaaaaaaaaaaaaaaa\">>");
}

}  // namespace
}  // namespace naru::amqp091
