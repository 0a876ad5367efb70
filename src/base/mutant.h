#pragma once
/// Deliberate bugs, to prove that the tests would notice them. They are compiled only into the
/// objects that tests of mutants link (NARU_MUTANTS, see tests/sim/mutants); in every other build
/// each question below is the constant false, and nothing of it is left.

#include <cstdint>

/// Calls X(name, what it does wrong) for every mutant.
#define NARU_EACH_MUTANT(X)                                                                 \
  X(skip_data_sync, "frames are written without making them stable")                        \
  X(report_early, "a frame counts as durable when its write is issued")                     \
  X(accept_leftovers, "frames of an earlier use of a file are taken for ours")              \
  X(skip_directory_sync, "a new directory's name is never made stable")                     \
  X(ignore_entry_checksum, "a torn frame with a good head is accepted")                     \
  X(lose_last_frame, "a start drops the last frame of the log")                             \
  X(overstate_durable, "a frame says of itself that it is durable")                         \
  X(recycle_before_snapshot, "a file is reused before its groups' snapshots cover it")      \
  X(promote_before_snapshot, "a file leaves the log before its groups' snapshots cover it") \
  X(recycle_live_bodies, "a file is reused while bodies in it are needed")                  \
  X(skip_segment_sync, "copied bodies are listed without making them stable")               \
  X(list_segment_early, "copied bodies are listed before they are written")                 \
  X(copy_unverified, "what is copied to a segment is not checked")                          \
  X(forget_survivor, "a body that is needed is not copied to the segment")                  \
  X(shared_body_of_first_lane_only, "of the lanes of a shared body one is asked")           \
  X(refer_to_wrong_body, "a lane refers to another shared body than its own")               \
  X(recycle_with_readers, "a file is reused while it is read")                              \
  X(recycle_before_manifest, "a file is reused while the manifest lists it")                \
  X(snapshot_covers_next, "a snapshot says that it covers one entry more than it does")     \
  X(confirm_before_commit, "a publish is confirmed when it is staged")                      \
  X(confirm_one_more, "a confirm covers the publish behind it as well")                     \
  X(commit_before_settles, "tx.commit-ok does not wait for acknowledgements")               \
  X(apply_continued_early, "half of an atomic run is applied before the rest is there")     \
  X(transient_ahead, "transient records of a transaction are there before the rest")        \
  X(first_queue_only, "a publish to several queues of a lane is stored for the first")      \
  X(forget_delivered, "a start forgets how far records were delivered")                     \
  X(forget_flag, "a returned record leaves again without its flag")                         \
  X(dispatch_twice, "a record stays ready while it is leased")                              \
  X(lose_settle_at_start, "a start forgets settles")                                        \
  X(acknowledge_next, "an acknowledgement ends the lease behind the one it names")          \
  X(requeue_out_of_order, "returned records leave in the wrong order")                      \
  X(lose_binding_in_snapshot, "a snapshot of the metadata leaves out the last binding")     \
  X(ignore_back_pressure, "publishers never wait for the disk")                             \
  X(interval_counts_as_fsync, "a publish of level fsync is confirmed when it is written")   \
  X(forget_interval, "what is only written waits for something that is urgent")             \
  X(never_unblock, "publishers are never told that they may go on")                         \
  X(ignore_memory_limit, "nobody looks at how much memory is held")                         \
  X(expire_early, "a message that may expire does so at once")                              \
  X(deliver_expired, "what has expired is delivered all the same")                          \
  X(deliver_damaged, "bodies that are read back are not checked")                           \
  X(forget_exclusive, "exclusive queues stay when their connection is gone")                \
  X(forget_auto_delete, "auto-delete queues stay when their last consumer is gone")         \
  X(visible_before_last_fragment, "a large message is there before its last fragment is")   \
  X(drop_fragment_at_snapshot, "a snapshot leaves out the last fragment of large messages") \
  X(drop_settle_at_snapshot, "a lane's snapshot says that settled records are there")       \
  X(drop_settle_of_page, "a lane's snapshot forgets which records of a page were settled")  \
  X(go_on_without_manifest, "the log goes on when its manifest could not be replaced")      \
  X(forget_cancel, "who consumes from a queue that is deleted is not told")

#ifdef NARU_MUTANTS

namespace naru {

enum class Mutant : std::uint8_t {
  none,
#define NARU_NAME_OF_MUTANT(name, what) name,
  NARU_EACH_MUTANT(NARU_NAME_OF_MUTANT)
#undef NARU_NAME_OF_MUTANT
};

/// The one that is alive. One for the test process, which sets and resets it.
Mutant& living_mutant();

}  // namespace naru

#define NARU_MUTANT(name) (::naru::living_mutant() == ::naru::Mutant::name)
#else
#define NARU_MUTANT(name) false
#endif
