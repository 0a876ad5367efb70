// What worries us: commas, where one of the parts is empty; and more in memory than a piece.
#include "admin/object_writing.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace naru::admin {
namespace {

/// Rows with these numbers; those below 0 are gone.
std::unique_ptr<Rows> numbers(std::vector<int> all) {
  return make_rows(std::move(all), [](int number) {
    return number < 0 ? std::nullopt : std::optional(json::object{{"n", number}});
  });
}

std::string whole(ObjectWriting& writing, std::size_t rows_max = 2) {
  std::string text;
  while (true) {
    const auto progress = writing.advance(rows_max);
    text += writing.take();
    if (*progress == Writing::Progress::whole) return text;
  }
}

TEST(ObjectWritingTest, MembersAndListsAreOneObject) {
  ObjectWriting writing({{"a", 1}, {"b", "c"}});
  writing.add("some", numbers({1, 2, 3}));
  writing.add("none", numbers({}));
  writing.add("one", numbers({4}));
  EXPECT_EQ(whole(writing),
            R"({"a":1,"b":"c","some":[{"n":1},{"n":2},{"n":3}],"none":[],"one":[{"n":4}]})");
}

TEST(ObjectWritingTest, EachPartMayBeMissing) {
  ObjectWriting empty({});
  EXPECT_EQ(whole(empty), "{}");
  ObjectWriting members({{"a", 1}});
  EXPECT_EQ(whole(members), R"({"a":1})");
  ObjectWriting list({});
  list.add("list", numbers({}));
  EXPECT_EQ(whole(list), R"({"list":[]})");
}

TEST(ObjectWritingTest, RowsThatAreGoneLeaveNoTrace) {
  ObjectWriting writing({});
  writing.add("list", numbers({-1, 1, -1, -1, 2, -1}));
  EXPECT_EQ(whole(writing), R"({"list":[{"n":1},{"n":2}]})");
}

TEST(ObjectWritingTest, APieceEndsWithTheRowThatFillsIt) {
  ObjectWriting writing({}, 20);
  writing.add("list", numbers({1, 2, 3, 4}));
  EXPECT_EQ(*writing.advance(100), Writing::Progress::full);
  EXPECT_EQ(writing.take(), R"({"list":[{"n":1},{"n":2})");
  EXPECT_EQ(*writing.advance(1), Writing::Progress::more);
  EXPECT_EQ(writing.take(), R"(,{"n":3})");
  EXPECT_EQ(*writing.advance(100), Writing::Progress::whole);
  EXPECT_EQ(writing.take(), R"(,{"n":4}]})");
}

}  // namespace
}  // namespace naru::admin
