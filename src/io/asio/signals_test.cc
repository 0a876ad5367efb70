#include "io/asio/signals.h"

#include <csignal>

#include "io/asio/test_support.h"

namespace naru::io::asio_impl {
namespace {

TEST(Signals, ABlockedSignalIsACallOnTheLoop) {
  block_signals({SIGUSR1});
  Loop loop;
  std::vector<int> seen;
  const Signals signals(loop, {SIGUSR1}, [&](int signal) { seen.push_back(signal); });
  for (std::size_t round = 1; round <= 2; ++round) {
    ASSERT_EQ(::raise(SIGUSR1), 0);
    const RunUntil run(loop, [&] { return seen.size() == round; });
  }
  EXPECT_EQ(seen, (std::vector{SIGUSR1, SIGUSR1}));
}

TEST(Signals, WhatIsIgnoredStaysSo) {
  ASSERT_NE(std::signal(SIGUSR2, SIG_IGN), SIG_ERR);
  EXPECT_EQ(without_ignored({SIGUSR1, SIGUSR2}), std::vector{SIGUSR1});
  ASSERT_NE(std::signal(SIGUSR2, SIG_DFL), SIG_ERR);
  EXPECT_EQ(without_ignored({SIGUSR2}), std::vector{SIGUSR2});
}

TEST(SignalsDeathTest, AnUnblockedSignalHasItsDefaultEffect) {
  EXPECT_EXIT(
      {
        block_signals({SIGTERM});
        unblock_signals({SIGTERM});
        ::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace naru::io::asio_impl
