// tx: publishes and acknowledgements wait in the session, and go to the broker in one batch
// (amqp091 §6).

#include <utility>
#include <vector>

#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

void Session::on_method(Channel& channel, const TxSelect&) {
  if (channel.confirms) {
    return refuse(channel, ReplyCode::precondition_failed, "cannot switch from confirm to tx mode",
                  TxSelect::kId);
  }
  if (channel.transaction == nullptr) begin_transaction(channel);
  send(channel.number, TxSelectOk{});
}

void Session::begin_transaction(Channel& channel) {
  channel.transaction = std::make_unique<Transaction>();
  channel.count();
}

std::unique_ptr<Transaction> Session::take_transaction(Channel& channel) {
  if (channel.transaction != nullptr) {
    transaction_bytes_ -= channel.transaction->publishes.bytes();
  }
  return std::move(channel.transaction);
}

// All between AtomicBegin and Barrier is one entry of each lane; the Barrier's answer says that all
// of it is committed.
void Session::on_method(Channel& channel, const TxCommit&) {
  if (channel.transaction == nullptr) {
    return refuse(channel, ReplyCode::precondition_failed, "channel is not transactional",
                  TxCommit::kId);
  }
  const auto transaction = take_transaction(channel);
  begin_transaction(channel);
  batch_->flush();
  std::vector<core::Command> commands;
  commands.reserve(transaction->publishes.size() + 2);
  commands.emplace_back(core::AtomicBegin{channel.id, transaction->room.has_value()});
  for (core::Command& publish : transaction->publishes.commands())
    commands.push_back(std::move(publish));
  std::int64_t credit = 0;
  for (const Transaction::End& end : transaction->ends) {
    const core::Seq seq = end.lease.seq;
    if (!extend(commands.back(), end.lease.queue, seq, seq, end.end))
      commands.push_back(lease_end(end.lease.queue, seq, seq, end.end));
    if (end.lease.consumer) ++credit;
  }
  const core::RequestId id(++last_request_);
  commands.emplace_back(core::Barrier{id, channel.id});
  Awaited& awaited = awaited_[id.value];
  awaited.method = TxCommit::kId;
  awaited.channel = channel.id;
  const std::size_t taken = backlog_.empty() ? host_.broker().submit(commands) : 0;
  if (taken < commands.size()) backlog_.hold(std::span(commands).subspan(taken));
  release_room(transaction->room);
  release_credit(channel, credit);
}

void Session::on_method(Channel& channel, const TxRollback&) {
  if (channel.transaction == nullptr) {
    return refuse(channel, ReplyCode::precondition_failed, "channel is not transactional",
                  TxRollback::kId);
  }
  const auto transaction = take_transaction(channel);
  begin_transaction(channel);
  if (transaction->publishes.size() != 0) batch_->add(core::RolledBack{channel.id});
  std::vector<Unacked> leases;
  leases.reserve(transaction->ends.size());
  for (const Transaction::End& end : transaction->ends) leases.push_back(end.lease);
  channel.unacked.put_back(std::move(leases));
  release_room(transaction->room);
  send(channel.number, TxRollbackOk{});
}

}  // namespace naru::amqp091
