#include "batch_log.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "connection.h"

namespace naru::bench {
namespace {

/// Zeroes the file, unless an earlier run has: it would only be written over.
void prepare_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot create " + path);
  struct stat status{};
  if (fstat(file, &status) != 0) fail("cannot read " + path);
  if (static_cast<std::size_t>(status.st_size) != BatchLog::kFileBytes) {
    const std::string zeroes(1 << 20, '\0');
    for (std::size_t done = 0; done < BatchLog::kFileBytes; done += zeroes.size()) {
      if (write(file, zeroes.data(), zeroes.size()) != static_cast<ssize_t>(zeroes.size())) {
        fail("cannot fill " + path);
      }
    }
    if (fsync(file) != 0) fail("cannot sync " + path);
  }
  close(file);
}

}  // namespace

Batch::Batch() : bytes(static_cast<std::uint8_t*>(std::aligned_alloc(kBlock, kBytesMax))) {
  if (!bytes) fail("no memory for a batch");
}

void Batch::clear() {
  used = 0;
  messages.clear();
  marks.clear();
}

BatchLog::BatchLog(const std::string& path) : event_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_fd_ < 0) fail("eventfd failed");
  prepare_file(path);
  file_ = open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
  if (file_ < 0) fail("no O_DIRECT for " + path);
  thread_ = std::thread([this] { run(); });
}

BatchLog::~BatchLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  close(file_);
  close(event_fd_);
}

void BatchLog::submit(std::unique_ptr<Batch> batch) {
  const std::size_t whole = (batch->used + Batch::kBlock - 1) / Batch::kBlock * Batch::kBlock;
  std::memset(batch->bytes.get() + batch->used, 0, whole - batch->used);
  in_flight_ = true;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(batch);
  }
  changed_.notify_all();
}

std::unique_ptr<Batch> BatchLog::take_durable() {
  if (!in_flight_) return nullptr;
  const std::lock_guard lock(mutex_);
  if (durable_) in_flight_ = false;
  return std::move(durable_);
}

void BatchLog::wait() {
  if (!in_flight_) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return durable_ != nullptr; });
}

void BatchLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return wanted_ || stop_; });
    if (stop_) return;
    auto batch = std::move(wanted_);
    lock.unlock();
    make_durable(*batch);
    lock.lock();
    durable_ = std::move(batch);
    changed_.notify_all();  // for wait(); no one listens as a rule, then it costs nothing
    const std::uint64_t one = 1;
    if (write(event_fd_, &one, sizeof one) < 0) fail("cannot signal the event loop");
  }
}

void BatchLog::make_durable(const Batch& batch) {
  const std::size_t whole = (batch.used + Batch::kBlock - 1) / Batch::kBlock * Batch::kBlock;
  if (position_ + whole > kFileBytes) position_ = 0;
  const auto count = pwrite(file_, batch.bytes.get(), whole, static_cast<off_t>(position_));
  if (count != static_cast<ssize_t>(whole) || fdatasync(file_) != 0) fail("the log's disk failed");
  position_ += whole;
}

}  // namespace naru::bench
