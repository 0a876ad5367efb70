#include "admin/agent.h"

#include <utility>

#include "base/check.h"

namespace naru::admin {

Agent::Agent(core::Shard& shard) : client_(shard.open_client(*this, core::ClientKind::internal)) {}

void Agent::begin(bool loopback) {
  loopback_ = loopback;
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

void Agent::on_events(std::span<const core::Event> batch) {
  for (const core::Event& event : batch) {
    const auto* reply = std::get_if<core::Reply>(&event);
    if (reply == nullptr || reply->request != request_ || !done_) continue;
    std::exchange(done_, nullptr)(reply->result);
  }
}

AgentPool::~AgentPool() {
  for (const auto& agent : all_) agent->abandon();
}

Agent& AgentPool::take(bool loopback) {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<Agent>(shard_));
    idle_.push_back(all_.back().get());
  }
  Agent& agent = *idle_.back();
  idle_.pop_back();
  agent.begin(loopback);
  return agent;
}

void AgentPool::give_back(Agent& agent) {
  NARU_CHECK(!agent.busy(), "an agent is given back when its question was answered");
  agent.begin(false);
  idle_.push_back(&agent);
}

}  // namespace naru::admin
