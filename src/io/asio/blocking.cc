#include "io/asio/blocking.h"

#include <optional>
#include <utility>

#include "io/asio/loop.h"
#include "io/asio/network.h"
#include "io/asio/system_clock.h"
#include "io/asio/thread_pool.h"
#include "io/asio/workers.h"

namespace naru::io::asio_impl {

namespace {

/// Runs the loop until `happened` is set by one of its handlers, or until the time is up.
class Wait final : public LoopClient {
 public:
  Wait(Loop& loop, const bool& happened, Duration time_max) : loop_(loop), happened_(happened) {
    if (happened_) return;
    loop_.set_client(this);
    // The loop may have slept since its last turn, so its own clock is old.
    loop_.set_deadline(read_clocks().mono + time_max);
    loop_.run();
    loop_.set_deadline(kNever);
    loop_.set_client(nullptr);
  }
  void on_deadline(const Now&) override { loop_.stop(); }
  void on_turn_end(const Now&) override {
    if (happened_) loop_.stop();
  }

 private:
  Loop& loop_;
  const bool& happened_;
};

class LoopStream final : public BlockingStream, public StreamHandler {
 public:
  LoopStream(Loop& loop, std::unique_ptr<Stream> stream) : loop_(loop), stream_(std::move(stream)) {
    stream_->set_handler(this);
  }

  Result<std::size_t> read_some(MutableByteView into, Duration time_max) override {
    while (true) {
      Result<std::size_t> got = stream_->read_some(into);
      if (got || got.error().code != Errc::need_more || time_max <= Duration::zero()) return got;
      readable_ = false;
      stream_->await_readable();
      const Wait wait(loop_, readable_, time_max);
      if (!readable_) return got;
    }
  }

  Result<void> write_all(ByteView bytes, Duration time_max) override {
    while (!bytes.empty()) {
      const Result<std::size_t> sent = stream_->write_some({&bytes, 1});
      if (sent) {
        bytes = bytes.subspan(*sent);
        continue;
      }
      if (sent.error().code != Errc::need_more) return std::unexpected(sent.error());
      writable_ = false;
      stream_->await_writable();
      const Wait wait(loop_, writable_, time_max);
      if (!writable_) return fail(Errc::unavailable, peer().to_string() + ": takes no more data");
    }
    return {};
  }

  Endpoint peer() const override { return stream_->peer(); }
  void on_readable() override { readable_ = true; }
  void on_writable() override { writable_ = true; }

 private:
  Loop& loop_;
  std::unique_ptr<Stream> stream_;
  bool readable_ = false;
  bool writable_ = false;
};

}  // namespace

struct LoopConnector::Parts {
  Loop loop;
  ThreadPool pool{{.name = "naru-names", .thread_count = 1}};  // gone before the loop
  PoolWorkers workers{loop, pool};
  TcpNetwork network{loop, &workers};
};

LoopConnector::LoopConnector() = default;
LoopConnector::~LoopConnector() = default;

Result<std::unique_ptr<BlockingStream>> LoopConnector::connect(const Endpoint& to,
                                                               Duration time_max) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  struct Attempt {
    bool done = false;
    std::optional<Result<std::unique_ptr<Stream>>> result;
  };
  // Shared: the attempt may end after the wait was given up.
  const auto attempt = std::make_shared<Attempt>();
  parts_->network.connect(to, [attempt](Result<std::unique_ptr<Stream>> result) {
    attempt->result = std::move(result);
    attempt->done = true;
  });
  const Wait wait(parts_->loop, attempt->done, time_max);
  if (!attempt->done)
    return fail(Errc::unavailable, "connect to " + to.to_string() + ": timed out");
  if (!*attempt->result) {
    Error error = attempt->result->error();
    if (error.code != Errc::not_found) error.code = Errc::unavailable;
    return std::unexpected(std::move(error));
  }
  return std::make_unique<LoopStream>(parts_->loop, std::move(**attempt->result));
}

}  // namespace naru::io::asio_impl
