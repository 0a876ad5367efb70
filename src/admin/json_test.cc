// What worries us: values that JSON cannot say, and bodies made to exhaust.
#include "admin/json.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "admin/http_api.h"
#include "admin/json_memory.h"
#include "admin/properties_key.h"

namespace naru::admin {
namespace {

using message::Integer;
using message::Table;
using message::Value;

std::string text_of(const Table& table) {
  return serialize(to_json(table));
}

TEST(Json, ValuesAreSaidAsJsonCan) {
  EXPECT_EQ(text_of({{"n", Integer{-5}},
                     {"b", true},
                     {"v", Value{}},
                     {"s", std::string("x\"y")},
                     {"t", Table{{"in", Integer{1}}}},
                     {"a", message::Array{Value{1.5}, Value{std::string("z")}}}}),
            R"({"n":-5,"b":true,"v":null,"s":"x\"y","t":{"in":1},"a":[1.5E0,"z"]})");
  EXPECT_EQ(text_of({{"inf", HUGE_VAL}}), R"({"inf":"inf"})");
  EXPECT_EQ(text_of({{"same", Integer{1}}, {"same", Integer{2}}}), R"({"same":1})");
}

TEST(Json, WhatIsNotUtf8IsRepaired) {
  EXPECT_EQ(serialize(json_text("a\xff\xfe"
                                "b\xc3\xa9\xc3")),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xc3\xa9\xEF\xBF\xBD\"");
}

TEST(Json, TablesComeBackAsTheyWere) {
  const auto object =
      parse_object(R"({"x-message-ttl":5000,"f":1.5,"deep":{"l":[1,"a",null,true]}})");
  ASSERT_TRUE(object);
  const auto table = table_from_json(*object);
  ASSERT_TRUE(table);
  EXPECT_EQ(serialize(to_json(*table)), serialize(*object));
  EXPECT_EQ(message::find(*table, "x-message-ttl")->integer(), 5000);
}

TEST(Json, BodiesThatAreNoObjectAreRefused) {
  EXPECT_TRUE(parse_object("")->empty());
  EXPECT_TRUE(parse_object("null")->empty());
  for (const std::string body : {"[]", "1", "{", "{}{}", R"("{}")", "\xff"}) {
    EXPECT_FALSE(parse_object(body)) << body;
  }
  EXPECT_FALSE(parse_object(R"({"a":)" + std::string(100'000, '[')));
}

TEST(Json, MembersOfTheWrongTypeAreNamed) {
  const json::object object = *parse_object(R"({"durable":1,"word":"true","none":null})");
  EXPECT_EQ(bool_member(object, "durable").error().what, "durable must be true or false");
  EXPECT_EQ(bool_member(object, "word"), true);
  EXPECT_EQ(bool_member(object, "none"), false);
  EXPECT_EQ(text_member(object, "absent")->has_value(), false);
  EXPECT_FALSE(text_member(object, "durable"));
  EXPECT_FALSE(table_member(object, "word"));
}

// An integer of 64 bits is found when it is looked at.
TEST(Json, NoMoreValuesAreMadeThanATableMayHave) {
  const auto with = [](std::size_t count, std::string_view last) {
    std::string text = R"({"a":{"l":[)";
    for (std::size_t i = 1; i < count; ++i) text += "[],";
    return *parse_object(text.append(last) + "]}}");
  };
  const std::size_t most = message::kValuesMax - 1;  // beside the list itself
  const json::object full = with(most, "[]");
  ASSERT_TRUE(table_member(full, "a"));
  EXPECT_TRUE(message::within_limits(*table_member(full, "a")));
  EXPECT_EQ(table_member(with(most, "18446744073709551615"), "a").error().what,
            "an integer has more than 63 bits");
  const auto beyond = table_member(with(most + 1, "18446744073709551615"), "a");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::malformed);
  EXPECT_EQ(beyond.error().what, "a are too many");
}

constexpr std::size_t kBodyBytes = 1u << 20;
constexpr std::size_t kParsedBytes = 8u << 20;

/// A body of 1 MiB: as often as it fits.
std::string body_of(std::string_view section, const std::function<std::string(int)>& item) {
  std::string text = R"({")" + std::string(section) + R"(":[)";
  for (int i = 0;; ++i) {
    const std::string next = (i == 0 ? "" : ",") + item(i);
    if (text.size() + next.size() + 2 > kBodyBytes) return text + "]}";
    text += next;
  }
}

TEST(JsonMemory, HoldsWhatWasParsedAndNothingAfterwards) {
  JsonMemory memory(kParsedBytes);
  {
    const auto object = parse_object(R"({"name":"a name that is not short","l":[1,2]})", &memory);
    ASSERT_TRUE(object);
    EXPECT_GT(memory.bytes(), 100u);
    EXPECT_LT(memory.bytes(), 1000u);
    EXPECT_TRUE(parse_object("", &memory)->empty());
    EXPECT_TRUE(parse_object("null", &memory)->empty());
    EXPECT_FALSE(parse_object("{\"l\":[1,2", &memory));
  }
  EXPECT_EQ(memory.bytes(), 0u);
}

TEST(JsonMemory, HasRoomForBodiesOfUse) {
  JsonMemory memory(kParsedBytes);
  const std::string payload =
      R"({"routing_key":"q","payload":")" + std::string(kBodyBytes - 100, 'x') + "\"}";
  EXPECT_TRUE(parse_object(payload, &memory));
  std::string escaped = R"({"routing_key":"q","payload":")";
  while (escaped.size() < kBodyBytes - 20) escaped += "xxxxxx\\n";
  JsonMemory of_messages(HttpApiLimits().parsed_body_bytes_max);
  EXPECT_TRUE(parse_object(payload, &of_messages));
  EXPECT_TRUE(parse_object(escaped + "\"}", &of_messages));
  for (const std::string_view rest :
       {"", R"(,"vhost":"/")",
        R"(,"vhost":"/","durable":true,"auto_delete":false,"arguments":{"x-message-ttl":60000})"}) {
    const auto queue = [&](int i) { return fmt::format(R"({{"name":"q{}"{}}})", i, rest); };
    EXPECT_TRUE(parse_object(body_of("queues", queue), &memory)) << rest;
  }
  const auto permission = [](int i) {
    return fmt::format(R"({{"user":"u{}","vhost":"/","configure":".*","write":"","read":""}})", i);
  };
  EXPECT_TRUE(parse_object(body_of("permissions", permission), &memory));
}

TEST(JsonMemory, HasNoneForBodiesThatBecomeManyTimesAsLarge) {
  JsonMemory memory(kParsedBytes);
  for (const std::string item : {"0", "[]", "{}", R"("")", "[0]", R"({"":0})", "[[[[]]]]"}) {
    const auto object = parse_object(body_of("l", [&](int) { return item; }), &memory);
    ASSERT_FALSE(object) << item;
    EXPECT_EQ(object.error().code, Errc::limit);
    EXPECT_EQ(memory.bytes(), 0u);
  }
}

TEST(PropertiesKey, TellsBindingsApart) {
  EXPECT_EQ(properties_key("", {}), "~");
  EXPECT_EQ(properties_key("a.b", {}), "a.b");
  EXPECT_EQ(properties_key("a~b/c", {}), "a%7Eb%2Fc");
  const Table arguments{{"x-match", std::string("all")}};
  EXPECT_NE(properties_key("a", arguments), properties_key("a", {}));
  EXPECT_NE(properties_key("a", arguments), properties_key("a", {{"x-match", std::string("any")}}));
}

}  // namespace
}  // namespace naru::admin
