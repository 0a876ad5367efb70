// When a file goes. What worries us: one that goes while somebody refers to it.
#include "cluster/file_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Files 1 to 3, the last of which is written to. Group 1 has its entries 1 and 2 in the first two.
FileLedger three_files() {
  FileLedger ledger;
  for (std::uint32_t file = 1; file <= 3; ++file) {
    ledger.note_file(file, 1000);
    ledger.set_current(file);
  }
  ledger.note_entry(1, 1, 1);
  ledger.note_entry(2, 1, 2);
  return ledger;
}

TEST(FileLedger, AFileGoesWhenASnapshotCoversItsEntries) {
  FileLedger ledger = three_files();
  EXPECT_THAT(ledger.take_retirable(), IsEmpty());
  ledger.note_snapshot(1, 1, 10);
  EXPECT_THAT(ledger.take_retirable(), ElementsAre(1));
}

TEST(FileLedger, BodiesKeepTheirFileUntilASnapshotCoversWhatRefersToThem) {
  FileLedger ledger = three_files();
  ledger.note_bodies(2, 1);
  ledger.note_snapshot(1, 2, 10);
  EXPECT_THAT(ledger.take_retirable(), ElementsAre(1)) << "entry 3 may be on its way";
  ledger.note_entry(3, 1, 3);
  ledger.note_snapshot(1, 2, 10);
  EXPECT_THAT(ledger.take_retirable(), IsEmpty()) << "a start would apply it again";
  ledger.note_snapshot(1, 3, 10);
  EXPECT_THAT(ledger.take_retirable(), ElementsAre(2));
}

TEST(FileLedger, BodiesOfSeveralGroupsWaitForAllOfThem) {
  FileLedger ledger = three_files();
  ledger.note_bodies(2, 1);
  ledger.note_bodies(2, 2);
  ledger.note_entry(3, 1, 3);
  ledger.note_snapshot(1, 3, 10);
  EXPECT_THAT(ledger.take_retirable(), ElementsAre(1));
  ledger.note_entry(3, 2, 1);
  ledger.note_snapshot(2, 1, 10);
  EXPECT_THAT(ledger.take_retirable(), ElementsAre(2));
}

}  // namespace
}  // namespace naru::cluster
