// The page docs/configuration.md must show the table that the program has.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/settings.h"

namespace naru::app {
namespace {

TEST(ConfigurationPage, ShowsTheTableOfSettings) {
  // Tests run in the root of the source.
  std::ifstream file("docs/configuration.md");
  ASSERT_TRUE(file) << "docs/configuration.md is missing";
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(settings_markdown()), std::string::npos)
      << "docs/configuration.md should hold:\n"
      << settings_markdown();
}

}  // namespace
}  // namespace naru::app
