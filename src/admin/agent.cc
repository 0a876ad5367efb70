#include "admin/agent.h"

#include <utility>

#include "base/check.h"

namespace naru::admin {

namespace {
constexpr core::ChannelId kChannel{1};
}

Agent::Agent(core::Shard& shard) : client_(shard.open_client(*this, core::ClientKind::internal)) {}

void Agent::begin(const io::Endpoint& caller) {
  caller_ = caller;
  client_->assume({}, std::nullopt);
}

void Agent::assume(security::Principal principal, std::optional<core::TenantId> tenant) {
  client_->assume(std::move(principal), tenant);
}

void Agent::ask(core::Request::Operation operation, Done done) {
  NARU_CHECK(!busy(), "an agent asks one question at a time");
  request_ = core::RequestId(request_.value + 1);
  done_ = std::move(done);
  core::Command command =
      std::make_unique<core::Request>(core::Request{request_, std::move(operation)});
  client_->submit({&command, 1});
}

void Agent::publish(core::Publish publish, Published done) {
  NARU_CHECK(!busy(), "an agent asks one question at a time");
  publish.channel = kChannel;
  publish.sequence = 1;
  publish.mandatory = true;
  core::Command command = std::move(publish);
  if (client_->submit({&command, 1}) == 0) {
    return done(fail(Errc::unavailable, "publishers have to wait: see the alarms"));
  }
  published_ = std::move(done);
  routed_ = true;
}

void Agent::on_publish_event(const core::Event& event) {
  if (const auto* refused = std::get_if<core::PublishRefused>(&event)) {
    finish_publish(std::unexpected(refused->error));
  } else if (std::holds_alternative<core::Returned>(event)) {
    routed_ = false;
  } else if (std::holds_alternative<core::Confirmed>(event)) {
    finish_publish(routed_);
  }
}

/// The channel begins anew with the next publish, whatever became of this one.
void Agent::finish_publish(Result<bool> routed) {
  if (!published_) return;
  core::Command closed = core::ChannelClosed{kChannel};
  client_->submit({&closed, 1});
  std::exchange(published_, nullptr)(std::move(routed));
}

void Agent::on_events(std::span<const core::Event> batch) {
  for (const core::Event& event : batch) {
    on_publish_event(event);
    const auto* reply = std::get_if<core::Reply>(&event);
    if (reply == nullptr || reply->request != request_ || !done_) continue;
    std::exchange(done_, nullptr)(reply->result);
  }
}

AgentPool::~AgentPool() {
  for (const auto& agent : all_) agent->abandon();
}

Agent& AgentPool::take(const io::Endpoint& caller) {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<Agent>(shard_));
    idle_.push_back(all_.back().get());
  }
  Agent& agent = *idle_.back();
  idle_.pop_back();
  agent.begin(caller);
  return agent;
}

void AgentPool::give_back(Agent& agent) {
  NARU_CHECK(!agent.busy(), "an agent is given back when its question was answered");
  agent.begin({});
  idle_.push_back(&agent);
}

}  // namespace naru::admin
