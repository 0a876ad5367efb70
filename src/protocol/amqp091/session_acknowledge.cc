// basic.ack, nack, reject and recover (amqp091 §5).

#include <fmt/core.h>

#include "base/mutant.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

void Session::on_method(Channel& channel, const BasicAck& method) {
  acknowledge(channel, method.delivery_tag, method.multiple, LeaseEnd::settle, BasicAck::kId);
}

void Session::on_method(Channel& channel, const BasicNack& method) {
  acknowledge(channel, method.delivery_tag, method.multiple,
              method.requeue ? LeaseEnd::requeue : LeaseEnd::reject, BasicNack::kId);
}

void Session::on_method(Channel& channel, const BasicReject& method) {
  acknowledge(channel, method.delivery_tag, false,
              method.requeue ? LeaseEnd::requeue : LeaseEnd::reject, BasicReject::kId);
}

static std::optional<Unacked> take_named(UnackedList& unacked, std::uint64_t tag) {
  if (NARU_MUTANT(acknowledge_next)) {
    if (auto next = unacked.take(tag + 1)) return next;
  }
  return unacked.take(tag);
}

void Session::acknowledge(Channel& channel, std::uint64_t tag, bool multiple, LeaseEnd end,
                          MethodId method) {
  std::int64_t credit = 0;
  // Consecutive leases of one queue are ended together.
  core::QueueRef queue;
  core::Seq first;
  core::Seq last;
  const auto end_run = [&] {
    if (first) batch_->end_leases(queue, first, last, end);
  };
  const auto end_one = [&](const Unacked& lease) {
    if (channel.transaction) {
      channel.transaction->ends.push_back({lease, end});
      return;
    }
    if (lease.consumer) ++credit;
    if (first && lease.seq == last.next() && lease.queue == queue) {
      last = lease.seq;
      return;
    }
    end_run();
    queue = lease.queue;
    first = last = lease.seq;
  };
  bool known = true;
  if (multiple && tag == 0) {
    channel.unacked.take_all(end_one);
  } else if (multiple) {
    known = channel.unacked.take_up_to(tag, end_one);
  } else if (const auto lease = take_named(channel.unacked, tag)) {
    end_one(*lease);
  } else {
    known = false;
  }
  if (!known) {
    return refuse(channel, ReplyCode::precondition_failed,
                  fmt::format("unknown delivery tag {}", tag), method);
  }
  end_run();
  if (channel.transaction) channel.count();
  release_credit(channel, credit);
}

void Session::release_credit(Channel& channel, std::int64_t count) {
  if (count == 0 || channel.credit == nullptr) return;
  channel.credit->release(count);
  resume_starved(channel);
}

void Session::on_method(Channel& channel, const BasicRecover& method) {
  if (recover(channel, method.requeue, BasicRecover::kId)) send(channel.number, BasicRecoverOk{});
}

void Session::on_method(Channel& channel, const BasicRecoverAsync& method) {
  recover(channel, method.requeue, BasicRecoverAsync::kId);
}

bool Session::recover(Channel& channel, bool requeue, MethodId method) {
  if (!requeue) {
    refuse(channel, ReplyCode::not_implemented, "requeue=false", method);
    return false;
  }
  std::int64_t credit = 0;
  channel.unacked.take_all([&](const Unacked& lease) {
    batch_->end_lease(lease.queue, lease.seq, LeaseEnd::requeue);
    if (lease.consumer) ++credit;
  });
  release_credit(channel, credit);
  return true;
}

}  // namespace naru::amqp091
