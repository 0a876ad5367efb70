#pragma once
/// What every test of the journal's world expects of it.

#include <gtest/gtest.h>

/// Nothing that the world watches for was seen; what was seen otherwise.
#define EXPECT_NO_VIOLATION(world) EXPECT_TRUE((world).violations().empty()) << (world).report()

/// A start that is refused ends the test, with its reason.
#define ASSERT_STARTS(world)                                  \
  do {                                                        \
    auto started = (world).start();                           \
    ASSERT_TRUE(started.has_value()) << started.error().what; \
  } while (false)
