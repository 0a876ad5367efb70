#pragma once
/// For the tests of this folder and of server/: a loop run until something is true, and a directory
/// that goes away.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "io/asio/loop.h"

namespace naru::io::asio_impl {

/// Runs turns until `done()`; a test that would hang fails after `limit` instead.
class RunUntil final : public LoopClient {
 public:
  RunUntil(Loop& loop, std::function<bool()> done, Duration limit = std::chrono::seconds(20))
      : loop_(loop), done_(std::move(done)) {
    loop_.set_client(this);
    loop_.set_deadline(loop_.now().mono + limit);
    loop_.run();
    loop_.set_deadline(kNever);
    loop_.set_client(nullptr);
    EXPECT_FALSE(timed_out_) << "the awaited event did not come";
  }
  void on_deadline(const Now&) override {
    timed_out_ = true;
    loop_.stop();
  }
  void on_turn_end(const Now&) override {
    if (done_()) loop_.stop();
  }

 private:
  Loop& loop_;
  std::function<bool()> done_;
  bool timed_out_ = false;
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "naru-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace naru::io::asio_impl
