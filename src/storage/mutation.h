#pragma once
/// Deliberate bugs, to prove that the tests would notice them. Compiled only into the copy of the
/// library that tests link (NARU_MUTANTS); in the release build every question below is the
/// constant false.

namespace naru::storage {

struct Mutation {
  bool skip_data_sync = false;           // frames are written without making them stable
  bool report_early = false;             // a frame counts as durable when its write is issued
  bool accept_leftovers = false;         // frames of an earlier use of a file are taken for ours
  bool skip_directory_sync = false;      // a new directory's name is never made stable
  bool ignore_entry_checksum = false;    // a torn frame with a good head is accepted
  bool recycle_before_snapshot = false;  // a file is reused before its groups' snapshots cover it
  bool promote_before_snapshot =
      false;                          // a file leaves the log before its groups' snapshots cover it
  bool skip_segment_sync = false;     // copied bodies are listed without making them stable
  bool list_segment_early = false;    // and before they are written
  bool copy_unverified = false;       // what is copied is not checked
  bool forget_survivor = false;       // a body that is needed is not copied
  bool recycle_with_readers = false;  // a file is reused while it is read
  bool recycle_before_manifest = false;  // and before the manifest is without it
};

#ifdef NARU_MUTANTS
/// The running test's mutation. One for the test process; tests set and reset it.
Mutation& mutation();
#define NARU_MUTANT(name) (::naru::storage::mutation().name)
#else
#define NARU_MUTANT(name) false
#endif

}  // namespace naru::storage
