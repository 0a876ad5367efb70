#pragma once
/// Lines on their way to a descriptor that may not be read for a long time.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace naru::app {

/// Writes from a thread of its own, so that nobody waits for whoever reads the lines. What does not
/// fit between is dropped and counted. Callable from any thread.
class LineWriter {
 public:
  struct Options {
    std::size_t queued_bytes_max = std::size_t{1} << 20;
    /// How long the destructor waits for what is queued.
    std::chrono::milliseconds last_words{1000};
  };
  explicit LineWriter(int descriptor);
  LineWriter(int descriptor, Options options);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// `line` ends with its line break.
  void put(std::string line);
  /// How many were dropped since this was last asked; 0 while there is no room to say so.
  std::uint64_t take_dropped();
  /// Waits until all that was put is written, or the time is up.
  void flush();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  const Options options_;
  std::shared_ptr<Shared> shared_;  // with the thread, which may have to be left behind
  std::thread thread_;
};

}  // namespace naru::app
