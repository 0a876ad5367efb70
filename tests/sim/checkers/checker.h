#pragma once
/// One invariant, watched. Each checker is one file; all_checkers() is the list.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/history.h"

namespace naru::sim {

/// Told of everything in the order in which the world did it; keeps what it needs.
class Checker {
 public:
  Checker(std::string_view name, Findings& findings) : name_(name), findings_(findings) {}
  virtual ~Checker() = default;

  // ---- Publishers ----
  virtual void on_publish(const Message&) {}
  /// Confirmed, or committed in a transaction; `sure` may have shrunk since.
  virtual void on_confirm(const Message&) {}
  virtual void on_refused(const Message&) {}   // basic.nack
  virtual void on_returned(const Message&) {}  // basic.return
  /// A confirm for a tag that waits for none.
  virtual void on_stray_confirm(ChannelNo, std::uint64_t /*tag*/) {}

  /// connection.blocked and connection.unblocked.
  virtual void on_blocked(std::uint64_t /*wire*/) {}
  virtual void on_unblocked(std::uint64_t /*wire*/) {}
  /// One end of a connection is over.
  virtual void on_wire_lost(std::uint64_t) {}

  // ---- Consumers ----
  virtual void on_delivery(const Delivered&) {}
  /// The client has sent the end of a lease; in a transaction, with its commit.
  virtual void on_end(const Copy&, ChannelNo /*holder*/, End) {}
  /// Everything that the channel ended is committed: tx.commit-ok.
  virtual void on_commit(ChannelNo /*holder*/) {}
  /// The client has given the channel up; the server may not know.
  virtual void on_holder_lost(ChannelNo) {}
  /// The server has none of it any more.
  virtual void on_holder_gone(ChannelNo) {}
  /// From here to there messages may leave the queue unseen: it is purged, or deleted and not yet
  /// declared and bound again, or read without acknowledgements.
  virtual void on_removal_begins(QueueNo) {}
  virtual void on_removal_ends(QueueNo) {}
  /// queue.delete, perhaps once more; and its answer.
  virtual void on_delete_sent(QueueNo) {}
  virtual void on_deleted(QueueNo) {}

  /// A channel that holds nothing asks for a queue; the answer, with what the queue was all the
  /// while.
  virtual void on_request(ChannelNo, QueueNo) {}
  virtual void on_answer(ChannelNo, QueueNo, Presence, bool /*found_it*/) {}
  /// A consumer that wants to be told when its queue is deleted, and its end.
  virtual void on_subscribed(ChannelNo, std::uint64_t /*consumer*/, QueueNo) {}
  virtual void on_unsubscribed(std::uint64_t /*consumer*/) {}

  /// The queue's owner is gone, and the queue is not.
  virtual void on_outlived(const std::string& /*queue*/) {}

  // ---- The world ----
  /// Nothing is on its way anywhere: what was sent was done, and is on disk.
  virtual void on_quiet() {}
  /// Leases end now, in an order that clients do not see: a stop or a failure is being announced.
  virtual void on_stopping() {}
  /// A failed log ends as with the power: what a sync was for is gone.
  virtual void on_crash(Crash) {}
  /// Levels: what was confirmed before on_mark() is on disk at on_stable(), if it was only written.
  virtual void on_mark() {}
  virtual void on_stable() {}
  /// The disk failed something of the log, and the process ends because of that, or goes on.
  virtual void on_log_failure(const std::string& /*what*/, bool /*ends*/) {}
  /// A bit has flipped under its body, where it is stored; all such bits have flipped back.
  virtual void on_rotten(MessageNo) {}
  virtual void on_healed() {}
  /// So many messages of the queue are parked as damaged. Told before on_drained().
  virtual void on_parked(QueueNo, std::uint64_t /*count*/) {}
  /// The copy may have expired, and be gone unseen. Told before on_drained().
  virtual void on_may_have_expired(const Copy&) {}
  /// There is room on the disk, and what was in the queues is consumed: nobody has to wait.
  virtual void on_relieved() {}
  virtual void on_sample(const Sample&) {}
  /// What a recovery found; `again`: there was nothing but crashes since the last one.
  virtual void on_recovered(const std::string& /*description*/, bool /*again*/) {}
  /// Something that has to come did not: who was waited for, how long, and what there is.
  virtual void on_stuck(const std::string& /*what*/) {}
  /// The faults are over, and every queue has answered that it is empty; what the broker still
  /// counts as ready in them.
  virtual void on_drained(const std::string& /*what_is_left*/) {}

 protected:
  void found(std::string what) { findings_.add(name_, std::move(what)); }

 private:
  std::string_view name_;
  Findings& findings_;
};

/// All of them.
std::vector<std::unique_ptr<Checker>> all_checkers(Findings& findings);

std::string to_string(const Copy& copy);

}  // namespace naru::sim
