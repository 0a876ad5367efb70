#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace naru::bench {

struct Peer;
struct Queue;

/// One message of a batch: its publish, header and body frames as they arrived.
struct BatchedMessage {
  Queue* queue;
  std::uint32_t offset;         // into Batch::bytes
  std::uint32_t publish_bytes;  // of the publish frame; header and body follow
  std::uint32_t total_bytes;
};

/// "This publisher's messages up to `tag` are in this batch or an earlier one."
struct PublisherMark {
  Peer* peer;
  std::uint64_t tag;
};

/// Messages that become durable together, by one write.
struct Batch {
  static constexpr std::size_t kBlock = 4'096;
  static constexpr std::size_t kBytesMax = 8 << 20;

  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  Batch();

  bool fits(std::size_t count) const { return used + count <= kBytesMax; }
  void clear();

  std::unique_ptr<std::uint8_t, Free> bytes;  // kBytesMax octets, block-aligned for O_DIRECT
  std::size_t used = 0;
  std::vector<BatchedMessage> messages;
  std::vector<PublisherMark> marks;
};

/// The log file and the thread that makes batches durable: one write of whole blocks, one
/// fdatasync, then a signal. The file is zeroed once, opened with O_DIRECT, and written round and
/// round: what a log can do at best on a file system. One batch is in flight at a time; what
/// arrives meanwhile is the next one. The event loop's thread calls everything here.
class BatchLog {
 public:
  static constexpr std::size_t kFileBytes = 256uz << 20;

  /// Makes the file if it is not there in full size; ends the program if that fails.
  explicit BatchLog(const std::string& path);
  ~BatchLog();
  BatchLog(const BatchLog&) = delete;
  BatchLog& operator=(const BatchLog&) = delete;

  /// Readable when a batch has become durable.
  int event_fd() const { return event_fd_; }
  bool idle() const { return !in_flight_; }

  /// Hands over a batch; only when idle.
  void submit(std::unique_ptr<Batch> batch);
  /// The batch that has become durable, or null if it has not yet.
  std::unique_ptr<Batch> take_durable();
  /// Waits for the batch in flight.
  void wait();

 private:
  void run();
  void make_durable(const Batch& batch);

  int file_ = -1;
  int event_fd_ = -1;
  std::size_t position_ = 0;  // of the log's thread
  bool in_flight_ = false;    // of the event loop's thread

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Batch> wanted_;   // guarded by mutex_
  std::unique_ptr<Batch> durable_;  // guarded by mutex_
  bool stop_ = false;               // guarded by mutex_
  std::thread thread_;
};

}  // namespace naru::bench
