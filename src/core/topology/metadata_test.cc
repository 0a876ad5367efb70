// How decisions become facts: answered when every shard has what the disk has, one entry for a
// turn, changes of one name one after the other, ids never twice, and what is transient never in
// the log.

#include "core/topology/metadata.h"

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A second catalogue that has only what the log says, as after a restart.
struct Replayed {
  explicit Replayed(const HandJournal& from) {
    std::vector<Entry> batch;
    for (std::size_t i = 0; i < from.entries.size(); ++i) batch.push_back(from.entry(i));
    metadata.apply(batch);
    metadata.on_role(Role::owner, Term(2));
  }
  HandJournal journal;
  NoListener listener;
  Catalog catalog{listener};
  HandBroadcaster broadcaster{catalog};
  Random random{2};
  Metadata metadata{journal, catalog, broadcaster, random};
};

TEST_F(MetadataTest, AChangeIsAnsweredWhenItIsCommittedAndNotBefore) {
  const auto outcome = submit(durable("q"));
  EXPECT_TRUE(metadata.wants_flush());
  metadata.flush();
  EXPECT_FALSE(metadata.wants_flush());
  EXPECT_FALSE(outcome->done());
  EXPECT_EQ(queue("q"), nullptr);
  journal.commit(metadata);
  EXPECT_TRUE(outcome->changed());
  ASSERT_NE(queue("q"), nullptr);
  EXPECT_EQ((*outcome->answer)->queue, queue("q")->ref);
  EXPECT_EQ((*outcome->answer)->name, "q");
}

TEST_F(MetadataTest, AChangeIsAnsweredWhenEveryShardHasItAndNotBefore) {
  broadcaster.hold = true;
  const auto outcome = submit(durable("q"));
  metadata.flush();
  journal.commit(metadata);
  EXPECT_NE(queue("q"), nullptr);
  EXPECT_FALSE(outcome->done());
  const auto again = submit(durable("q"));
  EXPECT_FALSE(again->done());  // other shards cannot see the queue yet
  broadcaster.deliver();
  EXPECT_TRUE(outcome->changed());
  EXPECT_TRUE(again->ok());
  EXPECT_FALSE(again->changed());
}

TEST_F(MetadataTest, ATurnIsOneEntryAndOneBroadcast) {
  const std::size_t before = journal.entries.size();
  const int broadcasts = broadcaster.count;
  for (int i = 0; i < 100; ++i) submit(durable("q" + std::to_string(i)));
  metadata.flush();
  EXPECT_EQ(journal.entries.size(), before + 1);
  journal.commit(metadata);
  EXPECT_EQ(broadcaster.count, broadcasts + 1);
  EXPECT_NE(queue("q99"), nullptr);
}

TEST_F(MetadataTest, ATurnTooLargeForOneEntryIsSeveral) {
  journal.entry_max = 4096;
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 200; ++i) outcomes.push_back(submit(durable("queue " + std::to_string(i))));
  const std::size_t before = journal.entries.size();
  metadata.flush();
  EXPECT_GT(journal.entries.size(), before + 1);
  journal.commit(metadata);
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome->changed());
}

TEST_F(MetadataTest, WhatTheJournalRefusesDidNotHappen) {
  journal.refuse = true;
  const auto refused = submit(durable("q"));
  metadata.flush();
  EXPECT_EQ(refused->error().code, Errc::io);
  EXPECT_EQ(queue("q"), nullptr);
  journal.refuse = false;
  EXPECT_TRUE(run(durable("q")).changed());
}

TEST_F(MetadataTest, AChangeOfANameWaitsForTheEarlierOne) {
  const auto declared = submit(durable("q"));
  const auto bound = submit(bind("amq.direct", "q", "k"));
  const auto deleted = submit(DeleteQueue{"q"});
  const auto again = submit(durable("q", {{"x-expires", message::Integer{1000}}}));
  metadata.flush();
  EXPECT_FALSE(bound->done());
  turn();
  EXPECT_TRUE(declared->changed());
  EXPECT_TRUE(bound->changed());
  EXPECT_TRUE(deleted->changed());
  EXPECT_TRUE(again->changed());
  EXPECT_EQ(catalog.binding_count(exchange_there("amq.direct")->id), 0U);
  EXPECT_EQ(queue("q")->settings.expires_ms, 1000U);
}

TEST_F(MetadataTest, AChangeThatWaitsKeepsItsPlace) {
  submit(durable("a"));
  const auto first = submit(DeleteQueue{"a"});  // waits for the declaration
  const auto second = submit(durable("a", {{"x-expires", message::Integer{7}}}));  // and behind it
  turn();
  EXPECT_TRUE(first->changed());
  EXPECT_TRUE(second->changed());
  EXPECT_EQ(queue("a")->settings.expires_ms, 7U);
}

TEST_F(MetadataTest, ChangesThatWaitAreBoundedExceptTheBrokersOwn) {
  submit(exclusive("q"));
  std::vector<std::shared_ptr<Outcome>> outcomes;
  while (outcomes.empty() || !outcomes.back()->done()) {
    outcomes.push_back(submit(DeleteQueue{"q"}));
    ASSERT_LT(outcomes.size(), 100'000U);
  }
  EXPECT_EQ(outcomes.back()->error().code, Errc::limit);
  outcomes.pop_back();
  Actor system = guest;
  system.system = true;
  outcomes.push_back(submit(DropConnection{guest.connection}, system));
  turn();
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(queue("q"), nullptr);
}

TEST_F(MetadataTest, BindingsOfOneExchangeDoNotWaitForEachOther) {
  for (int i = 0; i < 50; ++i) submit(durable("q" + std::to_string(i)));
  turn();
  const std::size_t before = journal.entries.size();
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 50; ++i) {
    outcomes.push_back(submit(bind("amq.topic", "q" + std::to_string(i), "k")));
    metadata.flush();  // a turn each, none committed
  }
  EXPECT_EQ(journal.entries.size(), before + 50);
  journal.commit(metadata);
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome->changed());
}

TEST_F(MetadataTest, AnAnswerMayAskForTheNextChange) {
  bool bound = false;
  metadata.submit(durable("q"), guest, [&](Result<MetadataAnswer> declared) {
    ASSERT_TRUE(declared);
    metadata.submit(bind("amq.fanout", "q"), guest,
                    [&](Result<MetadataAnswer> answer) { bound = answer.has_value(); });
  });
  turn();
  EXPECT_TRUE(bound);
}

TEST_F(MetadataTest, TransientThingsAreBroadcastAndNeverLogged) {
  const std::size_t before = journal.entries.size();
  const auto declared = submit(exclusive("mine"));
  const auto transient_queue = submit(transient("passing"));
  const auto made = submit(exchange("x", "fanout", false));
  metadata.flush();
  EXPECT_TRUE(declared->changed());
  EXPECT_TRUE(transient_queue->changed());
  EXPECT_TRUE(made->changed());
  EXPECT_TRUE(run(bind("x", "mine")).changed());
  EXPECT_TRUE(run(bind("amq.fanout", "mine")).changed());
  EXPECT_EQ(journal.entries.size(), before);
  EXPECT_EQ(queue("mine")->exclusive_owner, guest.connection);

  const Replayed after(journal);
  EXPECT_EQ(after.catalog.find_queue(tenant, "mine"), nullptr);
  EXPECT_EQ(after.catalog.find_exchange(tenant, "x"), nullptr);
}

TEST_F(MetadataTest, ABindingIsDurableBetweenDurableThingsOnly) {
  run(durable("q"));
  run(transient("t"));
  run(exchange("d", "fanout", true));
  run(exchange("x", "fanout", false));
  for (const char* source : {"d", "x"}) {
    for (const char* target : {"q", "t"}) EXPECT_TRUE(run(bind(source, target)).changed());
  }
  const Replayed after(journal);
  EXPECT_EQ(after.catalog.binding_count(after.catalog.find_exchange(tenant, "d")->id), 1U);
}

TEST_F(MetadataTest, IdsAreNotUsedAgainEvenByWhatWasNeverLogged) {
  run(durable("before"));
  std::uint64_t largest = queue("before")->ref.id.value;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "t" + std::to_string(i);
    run(transient(name));
    EXPECT_GT(queue(name)->ref.id.value, largest);
    largest = queue(name)->ref.id.value;
  }
  Replayed after(journal);
  Result<MetadataAnswer> answer = fail(Errc::internal);
  after.metadata.submit(durable("after"), guest,
                        [&](Result<MetadataAnswer> a) { answer = std::move(a); });
  after.metadata.flush();
  after.journal.commit(after.metadata);
  ASSERT_TRUE(answer);
  EXPECT_GT(answer->queue.id.value, largest);
}

TEST_F(MetadataTest, AnIdBeyondTheReservedOnesWaitsForItsReservation) {
  // A catalogue that says that nothing is reserved: the first transient thing has to be logged for.
  HandJournal bare_journal;
  NoListener bare_listener;
  Catalog bare{bare_listener};
  HandBroadcaster bare_broadcaster{bare};
  ByteBuffer facts;
  encode(facts, TenantCreated{TenantId(1), "/"});
  ASSERT_TRUE(bare.apply(facts.view()));
  Metadata fresh(bare_journal, bare, bare_broadcaster, random);
  fresh.on_role(Role::owner, Term(1));
  Actor system;
  system.system = true;
  system.tenant = TenantId(1);
  bool answered = false;
  fresh.submit(transient("t"), system, [&](Result<MetadataAnswer> a) { answered = a.has_value(); });
  fresh.flush();
  EXPECT_FALSE(answered);
  EXPECT_THAT(bare_journal.entries, SizeIs(1));
  bare_journal.commit(fresh);
  EXPECT_TRUE(answered);
  EXPECT_GT(bare.ids_reserved(), bare.find_queue(TenantId(1), "t")->ref.id.value);
}

TEST_F(MetadataTest, AReplayBringsBackAllThatWasAnswered) {
  run(durable("q"));
  run(exchange("x", "topic"));
  run(bind("x", "q", "a.#"));
  run(durable("gone"));
  run(DeleteQueue{"gone"});
  const Replayed after(journal);
  EXPECT_FALSE(after.metadata.empty());
  ASSERT_NE(after.catalog.find_queue(tenant, "q"), nullptr);
  EXPECT_EQ(after.catalog.find_queue(tenant, "q")->ref, queue("q")->ref);
  EXPECT_EQ(after.catalog.find_queue(tenant, "gone"), nullptr);
  EXPECT_EQ(after.catalog.binding_count(after.catalog.find_exchange(tenant, "x")->id), 1U);
  EXPECT_NE(after.catalog.find_user("guest"), nullptr);
}

TEST_F(MetadataTest, ASnapshotReplacesAllEntriesUpToTheOneItCovers) {
  run(durable("q"));
  run(exclusive("mine"));
  EXPECT_TRUE(journal.go_on_with_snapshot(metadata, SIZE_MAX));
  EXPECT_EQ(journal.snapshot_covers, Index(journal.entries.size()));
  NoListener new_listener;
  Catalog restored{new_listener};
  HandBroadcaster new_broadcaster{restored};
  Metadata again(journal, restored, new_broadcaster, random);
  ASSERT_TRUE(again.install(journal.snapshot_covers, journal.snapshot));
  EXPECT_FALSE(again.empty());
  EXPECT_NE(restored.find_queue(tenant, "q"), nullptr);
  EXPECT_EQ(restored.find_queue(tenant, "mine"), nullptr);
  EXPECT_EQ(restored.ids_reserved(), catalog.ids_reserved());
}

TEST_F(MetadataTest, ASnapshotOfANewerNaruIsRefusedBeforeItIsUsed) {
  ByteBuffer snapshot;
  catalog.encode_snapshot(snapshot);
  std::vector<std::uint8_t> newer(snapshot.view().begin(), snapshot.view().end());
  newer[1] = 99;
  NoListener new_listener;
  Catalog restored{new_listener};
  HandBroadcaster new_broadcaster{restored};
  Metadata again(journal, restored, new_broadcaster, random);
  const auto result = again.install(Index(5), newer);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::version);
  EXPECT_EQ(new_broadcaster.count, 0);
}

TEST_F(MetadataTest, LosingTheRoleAnswersWhatIsUnderWay) {
  const auto appended = submit(durable("q"));
  metadata.flush();
  const auto waiting = submit(DeleteQueue{"q"});
  const auto staged = submit(durable("r"));
  metadata.on_role(Role::follower, Term(2));
  for (const auto& outcome : {appended, waiting, staged}) {
    EXPECT_EQ(outcome->error().code, Errc::unavailable);
  }
  EXPECT_EQ(submit(durable("s"))->error().code, Errc::not_owner);
  metadata.on_role(Role::owner, Term(3));
  EXPECT_TRUE(run(durable("s")).changed());
}

TEST(NewMetadata, IsEmptyUntilSomethingIsLogged) {
  HandJournal journal;
  NoListener listener;
  Catalog catalog{listener};
  HandBroadcaster broadcaster{catalog};
  Random random{1};
  Metadata metadata{journal, catalog, broadcaster, random};
  Entry term_start;
  term_start.group = kMetadataGroup;
  term_start.index = Index(1);
  term_start.type = EntryType::term_start;
  metadata.apply(std::span(&term_start, 1));
  metadata.on_role(Role::owner, Term(1));
  EXPECT_TRUE(metadata.empty());
  EXPECT_THAT(journal.entries, IsEmpty());
}

}  // namespace
}  // namespace naru::core
