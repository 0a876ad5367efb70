// What worries us: a name with a slash or a percent sign that ends up as another path, and targets
// made to confuse.
#include "admin/target.h"

#include <gtest/gtest.h>

namespace naru::admin {
namespace {

using Segments = std::vector<std::string>;

TEST(Target, SegmentsAreDecodedAfterTheyAreSplit) {
  const auto target = parse_target("/api/queues/%2F/a%2Fb%20c%25");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (Segments{"api", "queues", "/", "a/b c%"}));
}

TEST(Target, ASlashAtTheEndChangesNothing) {
  EXPECT_EQ(parse_target("/api/queues/")->segments, (Segments{"api", "queues"}));
  EXPECT_TRUE(parse_target("/")->segments.empty());
}

TEST(Target, DotsAreNames) {
  EXPECT_EQ(parse_target("/api/queues/%2F/..")->segments.back(), "..");
  EXPECT_EQ(parse_target("/api/queues/%2F/%2E%2E")->segments.back(), "..");
}

TEST(Target, QueriesAreDecoded) {
  const auto target = parse_target("/x?columns=name%2Cvhost&if-unused=true&empty=&bare");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->find("columns"), "name,vhost");
  EXPECT_TRUE(target->flag("if-unused"));
  EXPECT_FALSE(target->flag("empty"));
  EXPECT_EQ(target->find("bare"), "");
  EXPECT_EQ(target->find("nothing"), std::nullopt);
}

TEST(Target, WhatIsNoPathIsRefused) {
  for (const char* text :
       {"", "x", "*", "/%", "/%2", "/%zz", "/a b", "/a#b", "/\xff", "http://h/x"}) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code, Errc::malformed);
  }
}

TEST(Target, DepthAndParametersAreBounded) {
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "/a";
  EXPECT_EQ(parse_target(deep).error().code, Errc::limit);
  std::string wide = "/a?x";
  for (int i = 0; i < 32; ++i) wide += "&x";
  EXPECT_EQ(parse_target(wide).error().code, Errc::limit);
}

TEST(Target, EncodingASegmentAndParsingItGivesTheSame) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(parse_target("/" + encode_segment(all))->segments, Segments{all});
}

TEST(MatchPath, NamesInBracesTakeOneSegment) {
  EXPECT_EQ(match_path("/api/queues/{vhost}/{queue}", {"api", "queues", "/", "q"}),
            (Segments{"/", "q"}));
  EXPECT_EQ(match_path("/api/queues/{vhost}/{queue}", {"api", "queues", "/"}), std::nullopt);
  EXPECT_EQ(match_path("/api/queues/{vhost}", {"api", "queues", "/", "q"}), std::nullopt);
  EXPECT_EQ(match_path("/api/queues", {"api", "exchanges"}), std::nullopt);
  EXPECT_EQ(match_path("/metrics", {"metrics"}), Segments{});
}

}  // namespace
}  // namespace naru::admin
