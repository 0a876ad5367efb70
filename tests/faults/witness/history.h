#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "source.h"

namespace naru::faults {

/// What became of a message, as its publisher sees it.
enum class Outcome : std::uint8_t {
  unsent,
  sent,     // no answer yet
  ok,       // confirmed: it must arrive
  failed,   // refused: it must not arrive
  unknown,  // the connection was lost before the answer: it may arrive
};

/// Names a message on the wire: the run, its publisher, its number among that publisher's messages.
struct MessageId {
  std::uint32_t run = 0;
  std::size_t publisher = 0;
  std::size_t number = 0;

  std::string text() const;
  static std::optional<MessageId> parse(std::string_view text);
};

/// Names a copy of a message: one in each queue that it was published to.
struct CopyRef {
  std::size_t publisher = 0;
  std::size_t slot = 0;
};

/// A transaction whose commit was asked for and not answered: all of it happened, or nothing, in
/// each queue.
struct InDoubt {
  std::vector<CopyRef> published;
  std::vector<CopyRef> acknowledged;
};

/// A consumer's view of one connection, from its start to its end.
struct Session {
  std::uint32_t number = 0;                // 1…, of this history
  std::vector<std::int64_t> last_numbers;  // the last one got, by publisher and queue; -1 for none
};

struct Delivery {
  std::string_view message_id;
  std::string_view body;
  std::size_t queue = 0;
  bool redelivered = false;
};

struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t unknown_arrived = 0;
  std::uint64_t delivered = 0;
  std::uint64_t settled = 0;             // acknowledgements sent
  std::uint64_t returned = 0;            // asked to be requeued
  std::uint64_t duplicates = 0;          // arrived again, flagged
  std::uint64_t unflagged = 0;           // arrived again without the flag: never allowed
  std::uint64_t flagged_needlessly = 0;  // flagged although this was the first time: allowed
  std::uint64_t resurrected = 0;         // came back, flagged, after an ack that a crash ate
  std::uint64_t resurrected_age_ms = 0;  // the oldest such ack at the time of the crash
  std::uint64_t lost = 0;                // confirmed, or seen by a consumer, and gone
  std::uint64_t transient_lost = 0;      // transient, and a crash came: allowed
  std::uint64_t committed = 0;           // transactions
  std::uint64_t rolled_back = 0;
  std::uint64_t in_doubt = 0;  // transactions without an answer
  std::uint64_t counted = 0;   // times that the queues' lengths were compared with what they hold
};

/// How strictly the order is checked. Either way what a consumer gets for the first time of one
/// publisher over one queue goes up.
enum class Order {
  of_first_deliveries,  // somebody returns messages: repetitions come when they come
  of_all_deliveries,    // nobody returns any: what a broker's end returns takes its old place
};

/// The oracle: what was published and what arrived in one run of any number of crashes, and every
/// way in which the two disagree. It sees only what clients see and is told of crashes; time comes
/// in, in milliseconds since any fixed moment.
///
/// A copy that was acknowledged may come back, flagged, if a crash may have eaten the
/// acknowledgement, or if its connection was lost with it; otherwise never, and not after its queue
/// was seen empty. A transient message may be lost by a crash. Nothing else is forgiven.
class History {
 public:
  History(const Source& source, std::uint32_t run, Order order);

  /// Every event becomes a line of this file, for who wants to know how a violation came about. It
  /// is not closed here.
  void set_trace(std::FILE* file) { trace_ = file; }

  void sent(std::size_t publisher, std::size_t number);
  /// It goes on over another connection. A broker that lives may still have to read what came over
  /// the last one, and takes the two in any order.
  void reconnected(std::size_t publisher);
  /// `outcome`: ok, failed or unknown. Two answers to one message are a violation.
  void answered(std::size_t publisher, std::size_t number, Outcome outcome);

  Session begin_session();
  /// The connection is gone. `orderly`: its close was answered, so what it settled is known.
  void end_session(const Session& session, bool orderly);
  /// Checks and counts one delivery; nothing for a message that cannot be told.
  std::optional<CopyRef> delivered(Session& session, const Delivery& delivery, std::uint64_t now);
  void settled(const Session& session, CopyRef copy, std::uint64_t now);
  /// Requeued, or outstanding when the connection ended.
  void returned(const Session& session, CopyRef copy);

  /// The broker is about to lose what it has not written, or has just lost it.
  void crash(std::uint64_t now);
  /// Everything that the broker sent over this connection until `now` has been read, and it lives
  /// on: reports what it holds and somebody else got long enough before.
  void caught_up(const Session& session, std::uint64_t now);

  void committed() { ++counts_.committed; }
  void rolled_back() { ++counts_.rolled_back; }
  /// The connection was lost with the commit's answer. What it published is unknown, what it
  /// acknowledged was settled over a lost connection; to be told after that.
  void in_doubt(InDoubt transaction);

  /// Nobody holds or sends anything. Says what is wrong with the number of messages in each queue:
  /// there must be those that must arrive yet, and there may be those that may; nothing when it is
  /// right.
  std::string misfit(const std::vector<std::uint64_t>& lengths) const;
  /// The queues are empty and nobody holds anything: what a crash did not bring back until now is
  /// settled for good.
  void emptied();
  void counted() { ++counts_.counted; }
  /// An invariant that somebody else has seen broken.
  void violation(std::string text);

  std::uint64_t confirmed() const { return counts_.ok; }
  /// Copies that must be delivered and acknowledged yet.
  std::uint64_t owed() const { return owed_; }

  /// After the queues were drained: reports what is lost, and what was never answered. Call once.
  void finish();
  const Counts& counts() const { return counts_; }
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t violation_count() const { return violation_count_; }

 private:
  struct Copy {
    Outcome outcome = Outcome::unsent;
    std::uint8_t arrivals = 0;  // saturating
    bool acked = false;
    bool owed = false;
    bool unflagged = false;        // it arrived without the flag
    std::uint16_t sent_epoch = 0;  // calls of crash() before it was sent, acknowledged
    std::uint16_t acked_epoch = 0;
    std::uint32_t session = 0;  // who holds it or, acked, who settled it; 0 for nobody
    std::uint32_t acked_at = 0;
  };
  /// An acknowledgement of a transaction in doubt, and how often its message had arrived then.
  struct DoubtfulAck {
    CopyRef copy;
    std::uint8_t arrivals;
  };
  struct Doubt {
    std::vector<CopyRef> published;
    std::vector<DoubtfulAck> acknowledged;
  };
  /// Right if this connection lives on, and wrong if it was lost before.
  struct Suspicion {
    std::string text;
    std::uint32_t holder;
    std::uint64_t since;
    bool acked = false;  // the holder settled it, which an orderly end makes certain
  };

  std::size_t copies_of(std::size_t publisher) const;
  MessageId id_of(CopyRef copy) const;
  std::string name_of(CopyRef copy) const;
  void trace(const char* event, CopyRef copy, std::uint32_t session) const;
  Copy& at(CopyRef copy) { return copies_[copy.publisher][copy.slot]; }
  std::optional<CopyRef> find(const Delivery& delivery);
  void owe(CopyRef ref);
  bool may_be_gone(CopyRef ref) const;  // a crash came, and it is transient
  void pay(Copy& copy);
  void check_order(Session& session, CopyRef copy, const Delivery& delivery);
  bool read_late(const Session& session, Copy& copy, CopyRef ref, bool redelivered);
  void came_unflagged(const std::string& name);
  void check_repetition(const Copy& copy, CopyRef ref, bool redelivered);
  void check_resurrection(const Session& session, const Copy& copy, CopyRef ref, bool redelivered,
                          std::uint64_t now);
  void finish_copy(CopyRef ref);
  void finish_doubt(const Doubt& doubt);
  std::size_t queue_of(CopyRef ref) const;
  bool was_overtaken(std::size_t publisher, std::size_t number, std::size_t by) const;
  bool must_arrive(const Copy& copy) const {
    return copy.outcome == Outcome::ok || copy.arrivals > 0;
  }
  bool may_come_back(const Copy& copy) const;

  const Source& source_;
  const Shape shape_;
  const std::uint32_t run_;
  const Order order_;
  std::vector<std::vector<Copy>> copies_;  // by publisher; a message's copies side by side
  // The number that each connection began with, by publisher; not of the first one.
  std::vector<std::vector<std::size_t>> reconnects_;
  std::vector<std::uint64_t> crashes_;                 // when
  std::unordered_set<std::uint32_t> living_sessions_;  // as far as we have read
  std::unordered_set<std::uint32_t> lost_sessions_;
  std::vector<Suspicion> suspicions_;
  std::vector<std::pair<std::string, std::uint32_t>> late_;  // first deliveries, and who read them
  std::vector<Doubt> doubts_;
  std::uint32_t sessions_ = 0;
  std::uint64_t owed_ = 0;
  Counts counts_;
  std::uint64_t violation_count_ = 0;
  std::vector<std::string> violations_;  // the first few
  std::FILE* trace_ = nullptr;
};

}  // namespace naru::faults
