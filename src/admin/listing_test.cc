// What worries us: a listing that renders more than it shows, or shows what is gone, or another
// order than it was asked for.
#include "admin/listing.h"

#include <gtest/gtest.h>

#include "admin/target.h"
#include "admin/text_pieces.h"

namespace naru::admin {
namespace {

/// "name" and "n" of each row; what is gone has an empty name.
struct Row {
  std::string name;
  int n = 0;
};

class ListingTest : public ::testing::Test {
 protected:
  /// The text, or the reason; so many rows in a turn, with `between` after each.
  std::string written(const std::string& query, std::size_t rows_in_a_turn = 1000,
                      const std::function<void()>& between = {}) {
    rendered_ = 0;
    const Target target = *parse_target("/x?" + query);
    std::vector<std::size_t> numbers(all_.size());
    for (std::size_t at = 0; at < numbers.size(); ++at) numbers[at] = at;
    auto listing = Listing::begin(make_rows(std::move(numbers),
                                            [this](std::size_t at) -> std::optional<json::object> {
                                              ++rendered_;
                                              if (all_[at].name.empty()) return std::nullopt;
                                              return json::object{{"name", all_[at].name},
                                                                  {"n", all_[at].n},
                                                                  {"in", {{"x", at}}}};
                                            }),
                                  target);
    if (!listing) return listing.error().what;
    turns_ = 0;
    std::string text;
    while (true) {
      const auto progress = (*listing)->advance(rows_in_a_turn);
      if (!progress) return progress.error().what;
      ++turns_;
      text += (*listing)->take();
      if (*progress == Writing::Progress::whole) return text;
      if (between) between();
    }
  }

  std::vector<Row> all_{{"b", 2}, {"a", 10}, {"ab", 1}};
  int rendered_ = 0;
  int turns_ = 0;
};

TEST_F(ListingTest, ColumnsSortAndPagesAreApplied) {
  EXPECT_EQ(written("columns=name,in.x&sort=name"),
            R"([{"name":"a","in":{"x":1}},{"name":"ab","in":{"x":2}},{"name":"b","in":{"x":0}}])");
  EXPECT_EQ(written("columns=n&sort=n&sort_reverse=true"), R"([{"n":10},{"n":2},{"n":1}])");
  EXPECT_EQ(
      written("columns=name&name=a&page=2&page_size=1"),
      R"({"filtered_count":2,"page":2,"page_count":2,"page_size":1,"total_count":3,"items":[{"name":"ab"}],"item_count":1})");
  EXPECT_EQ(
      written("columns=name&sort=in.x&sort_reverse=true&page=2&page_size=2"),
      R"({"filtered_count":3,"page":2,"page_count":2,"page_size":2,"total_count":3,"items":[{"name":"b"}],"item_count":1})");
}

TEST_F(ListingTest, NonsenseIsRefused) {
  for (const char* query :
       {"page=0", "page=x", "page=1&page_size=-1", "page=9", "use_regex=true"}) {
    EXPECT_FALSE(written(query).starts_with("[") || written(query).starts_with("{")) << query;
  }
}

TEST_F(ListingTest, WhatIsNotOnThePageIsNotRendered) {
  for (int i = 0; i < 10'000; ++i) all_.push_back({"q", i});
  written("page=7&page_size=10");
  EXPECT_EQ(rendered_, 10);
}

TEST_F(ListingTest, WhatIsNotOnThePageIsNotKept) {
  std::string text;
  const auto kept = [&](const std::string& query) {
    const Target target = *parse_target("/x?" + query);
    RowList<int> rows(Listing::window(target));
    int count = 0;
    for (int i = 0; i < 10'000; ++i) count += rows.add(i) != nullptr ? 1 : 0;
    EXPECT_EQ(rows.size(), 10'000u);
    auto listing = Listing::begin(
        make_rows(std::move(rows), [](int n) { return std::optional(json::object{{"n", n}}); }),
        target);
    text = listing && (*listing)->advance(10'000) ? (*listing)->take() : "refused";
    return count;
  };
  EXPECT_EQ(kept("page=7&page_size=10"), 10);
  EXPECT_NE(text.find(R"("items":[{"n":60},{"n":61},)"), std::string::npos) << text;
  EXPECT_EQ(kept("page=1001&page_size=10"), 0);
  EXPECT_EQ(kept("page=18446744073709551615&page_size=18446744073709551615"), 0);
  EXPECT_EQ(kept("page=99999999999999999999&page_size=99999999999999999999"), 0);
  EXPECT_EQ(text, "refused");
  EXPECT_EQ(kept("page=x"), 10'000);
  EXPECT_EQ(kept("page=7&page_size=10&sort=n"), 10'000);
  EXPECT_EQ(kept("page=7&page_size=10&name=1"), 10'000);
  EXPECT_EQ(kept("columns=n"), 10'000);
}

TEST_F(ListingTest, APieceEndsWithTheRowThatFillsIt) {
  all_.assign(5'000, {std::string(1'000, 'a'), 1});
  const Target target = *parse_target("/x");
  auto listing = Listing::begin(make_rows(std::vector<int>(5'000),
                                          [this](int at) {
                                            const std::string& name =
                                                all_[static_cast<std::size_t>(at)].name;
                                            return std::optional(json::object{{"name", name}});
                                          }),
                                target);
  std::size_t pieces = 0;
  for (auto progress = Writing::Progress::more; progress != Writing::Progress::whole; ++pieces) {
    progress = *(*listing)->advance(100'000);
    const std::string piece = (*listing)->take();
    EXPECT_LT(piece.size(), Writing::kPieceBytes + 1'100);
    EXPECT_TRUE(progress == Writing::Progress::whole || piece.size() >= Writing::kPieceBytes);
  }
  EXPECT_EQ(pieces, 20u);
}

TEST_F(ListingTest, EqualOnesKeepTheirOrder) {
  all_ = {{"b", 1}, {"a", 1}, {"c", 0}};
  EXPECT_EQ(written("columns=name&sort=n"), R"([{"name":"c"},{"name":"b"},{"name":"a"}])");
  EXPECT_EQ(written("columns=name&sort=none"), R"([{"name":"b"},{"name":"a"},{"name":"c"}])");
}

TEST_F(ListingTest, ItIsTheSameInHoweverManyTurns) {
  all_.clear();
  for (int i = 0; i < 100; ++i) all_.push_back({"q" + std::to_string(i * 37 % 100), i});
  for (const char* query : {"", "sort=name", "name=7", "sort=n&page=3&page_size=20",
                            "name=1&sort=name&sort_reverse=true&page=1"}) {
    const std::string whole = written(query);
    EXPECT_EQ(turns_, 1);
    EXPECT_EQ(written(query, 3), whole) << query;
    EXPECT_GT(turns_, 5) << query;
  }
}

TEST_F(ListingTest, WhatIsDeletedMeanwhileIsLeftOut) {
  for (const char* query : {"columns=name", "columns=name&sort=name&sort_reverse=true"}) {
    all_ = {{"a", 0}, {"b", 0}, {"c", 0}};
    EXPECT_EQ(written(query, 1, [this] { all_[1].name.clear(); }).find("\"b\""), std::string::npos)
        << query;
  }
}

TEST(TextPieces, TogetherTheyAreTheText) {
  TextPieces text;
  EXPECT_EQ(*text.advance(1), Writing::Progress::whole);
  EXPECT_EQ(text.take(), "");
  std::string same;
  for (int i = 0; i < 300'000; ++i) {
    text.append(std::to_string(i));
    same += std::to_string(i);
  }
  text.append(std::string(700'000, 'x'));
  same += std::string(700'000, 'x');
  EXPECT_EQ(text.bytes(), same.size());
  std::string taken;
  for (Writing::Progress progress = Writing::Progress::more;
       progress != Writing::Progress::whole;) {
    progress = *text.advance(1);
    const std::string piece = text.take();
    EXPECT_LE(piece.size(), Writing::kPieceBytes);
    taken += piece;
    EXPECT_EQ(text.memory_bytes(), same.size() - taken.size());
  }
  EXPECT_EQ(taken == same, true);
  EXPECT_EQ(text.bytes(), 0u);
}

}  // namespace
}  // namespace naru::admin
