// What worries us: a message of a broken invariant that names a file nobody finds, or a folder of
// the machine that built the program.
#include "base/check.h"

#include <gtest/gtest.h>

#include <string_view>

namespace naru {
namespace {

TEST(Check, NamesItsFileFromTheTreesRoot) {
  EXPECT_EQ(std::string_view(__FILE__), "src/base/check_test.cc");
}

TEST(CheckDeathTest, SaysWhatIsBrokenAndWhere) {
  EXPECT_DEATH(NARU_CHECK(1 + 1 == 3, "sums are right"),
               R"(sums are right \(1 \+ 1 == 3\) at src/base/check_test.cc:[0-9]+)");
}

}  // namespace
}  // namespace naru
