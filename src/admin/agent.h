#pragma once
/// Acts in the broker for one caller of the API after the other.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/client.h"
#include "core/shard.h"
#include "io/http.h"

namespace naru::admin {

/// A core::Client of the broker's own, so that what a caller may do is decided where it is decided
/// for sessions. Serves one caller at a time and asks one question at a time, of which a publish is
/// one. Owned by shard 0.
class Agent final : private core::ClientHost {
 public:
  using Done = std::move_only_function<void(Result<core::Reply::Value>)>;

  explicit Agent(core::Shard& shard);

  /// Starts to serve a caller: nothing of the one before is left.
  void begin(const io::Endpoint& caller);
  /// The client now acts as `principal` in `tenant`.
  void assume(security::Principal principal, std::optional<core::TenantId> tenant);
  /// `done` is called in this turn or a later one, never during the call.
  void ask(core::Request::Operation operation, Done done);
  /// Publishes one message, and waits until it is where it has to be. `done` learns whether a queue
  /// was reached; it is called at once when publishers have to wait (unavailable). Channel and
  /// sequence are filled in here.
  using Published = std::move_only_function<void(Result<bool> routed)>;
  void publish(core::Publish publish, Published done);
  /// Ends leases of core::Get: Settle, Return, Park.
  void end_leases(std::span<core::Command> ends) { client_->submit(ends); }
  bool busy() const { return static_cast<bool>(done_) || static_cast<bool>(published_); }
  /// Forgets who asked: the broker is on its way down.
  void abandon() {
    const Done gone = std::exchange(done_, nullptr);
    const Published lost = std::exchange(published_, nullptr);
  }

 private:
  void on_events(std::span<const core::Event> batch) override;
  bool peer_is_loopback() const override { return caller_.is_loopback(); }
  std::string peer_host() const override { return caller_.host; }
  void on_publish_event(const core::Event& event);
  void finish_publish(Result<bool> routed);

  std::unique_ptr<core::Client> client_;
  io::Endpoint caller_;
  core::RequestId request_{0};
  Done done_;
  Published published_;
  bool routed_ = true;
};

/// Agents wait here for their next caller. Shared, so that who holds an agent can tell whether the
/// pool, and with it the agent, is gone.
class AgentPool {
 public:
  explicit AgentPool(core::Shard& shard) : shard_(shard) {}
  ~AgentPool();
  AgentPool(const AgentPool&) = delete;
  AgentPool& operator=(const AgentPool&) = delete;
  Agent& take(const io::Endpoint& caller);
  void give_back(Agent& agent);

 private:
  core::Shard& shard_;
  std::vector<std::unique_ptr<Agent>> all_;  // as many as there were callers at once
  std::vector<Agent*> idle_;
};

}  // namespace naru::admin
