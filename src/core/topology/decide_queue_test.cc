// Declaring and deleting queues: what RabbitMQ's clients see of it, word for word where they match.

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using message::Integer;
using message::IntegerWidth;
using message::Table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST_F(MetadataTest, ARedeclarationThatIsAlikeChangesNothing) {
  const Table arguments{{"x-message-ttl", Integer{60, IntegerWidth::i32}}};
  ASSERT_TRUE(run(durable("q", arguments)).changed());
  const Outcome again = run(durable("q", {{"x-message-ttl", Integer{60, IntegerWidth::u8}}}));
  EXPECT_TRUE(again.ok());
  EXPECT_FALSE(again.changed());
  EXPECT_EQ((*again.answer)->queue, queue("q")->ref);
  EXPECT_EQ((*again.answer)->name, "q");
}

TEST_F(MetadataTest, ARedeclarationThatDiffersNamesTheDifference) {
  run(durable("q"));
  EXPECT_EQ(error(transient("q")),
            (Error{Errc::already_exists,
                   "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but "
                   "current is 'true'"}));
  DeclareQueue change = durable("q");
  change.auto_delete = true;
  EXPECT_EQ(error(change).what,
            "inequivalent arg 'auto_delete' for queue 'q' in vhost '/': received 'true' but "
            "current is 'false'");
  EXPECT_EQ(error(durable("q", {{"x-message-ttl", Integer{1, IntegerWidth::i32}}})).what,
            "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received the value '1' "
            "of type 'signedint' but current is none");
  run(durable("limited", {{"x-max-length", Integer{5}}}));
  EXPECT_EQ(error(durable("limited")).what,
            "inequivalent arg 'x-max-length' for queue 'limited' in vhost '/': received none but "
            "current is the value '5' of type 'long'");
  EXPECT_EQ(error(durable("limited", {{"x-max-length", Integer{6}}})).what,
            "inequivalent arg 'x-max-length' for queue 'limited' in vhost '/': received '6' but "
            "current is '5'");
}

TEST_F(MetadataTest, UnknownArgumentsAreKeptAndNeverCompared) {
  run(durable("q", {{"x-mine", std::string("1")}}));
  EXPECT_NE(message::find(queue("q")->arguments, "x-mine"), nullptr);
  EXPECT_TRUE(run(durable("q")).ok());
  EXPECT_TRUE(run(durable("q", {{"x-mine", true}})).ok());
}

TEST_F(MetadataTest, NoTypeIsTheClassicType) {
  run(durable("q"));
  EXPECT_TRUE(run(durable("q", {{"x-queue-type", std::string("classic")}})).ok());
  EXPECT_EQ(error(durable("q", {{"x-queue-type", std::string("quorum")}})).what,
            "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received 'quorum' but "
            "current is 'classic'");
}

TEST_F(MetadataTest, PassiveFindsWhatIsThereAndCreatesNothing) {
  DeclareQueue passive;
  passive.name = "q";
  passive.passive = true;
  EXPECT_EQ(error(passive), (Error{Errc::not_found, "no queue 'q' in vhost '/'"}));
  EXPECT_EQ(queue("q"), nullptr);
  run(durable("q", {{"x-max-length", Integer{5}}}));
  const Outcome found = run(passive);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found.answer)->queue, queue("q")->ref);
}

TEST_F(MetadataTest, TheServerNamesAQueueThatHasNoName) {
  std::string first;
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = run(exclusive(""));
    ASSERT_TRUE(outcome.changed());
    const std::string& name = (*outcome.answer)->name;
    EXPECT_THAT(name, MatchesRegex("amq\\.gen-[-_A-Za-z0-9]+"));
    EXPECT_EQ(name.size(), 8U + 22U);
    EXPECT_NE(name, first);
    EXPECT_NE(queue(name), nullptr);
    first = name;
  }
}

TEST_F(MetadataTest, ReservedNamesAreRefused) {
  EXPECT_EQ(
      error(durable("amq.mine")),
      (Error{Errc::access_refused, "queue name 'amq.mine' contains reserved prefix 'amq.*'"}));
  EXPECT_EQ(error(durable(std::string(256, 'q'))).code, Errc::precondition_failed);
}

TEST_F(MetadataTest, LineEndsAreDroppedFromNames) {
  EXPECT_TRUE(run(durable("q\r\n1\n")).changed());
  EXPECT_NE(queue("q1"), nullptr);
  EXPECT_TRUE(run(bind("amq.\nfanout", "q\r1")).changed());
  EXPECT_TRUE(run(DeleteQueue{"q1\r\n"}).changed());
}

TEST_F(MetadataTest, AnExclusiveQueueBelongsToItsConnection) {
  DeclareQueue change = exclusive("mine");
  change.durable = true;
  ASSERT_TRUE(run(change).changed());
  EXPECT_FALSE(queue("mine")->durable);
  EXPECT_TRUE(run(change).ok());
  const Error locked{Errc::resource_locked,
                     "cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could "
                     "be originally declared on another connection or the exclusive property value "
                     "does not match that of the original declaration."};
  EXPECT_EQ(error(change, other), locked);
  EXPECT_EQ(error(transient("mine")), locked);
  EXPECT_EQ(error(DeleteQueue{"mine"}, other), locked);
  EXPECT_EQ(error(bind("amq.fanout", "mine"), other), locked);
  DeclareQueue passive;
  passive.name = "mine";
  passive.passive = true;
  EXPECT_EQ(error(passive, other), locked);
  EXPECT_TRUE(run(passive).ok());
  run(transient("shared"));
  EXPECT_EQ(error(exclusive("shared")).code, Errc::resource_locked);
}

TEST_F(MetadataTest, ADroppedConnectionTakesItsQueuesAndTheirNamesAreFree) {
  run(exclusive("a"));
  run(exclusive("b"));
  run(exclusive("theirs"), other);
  const auto late = submit(exclusive("late"));  // decided, and not broadcast yet
  const auto dropped = submit(DropConnection{guest.connection});
  turn();
  EXPECT_TRUE(late->changed());
  EXPECT_TRUE(dropped->changed());
  for (const char* name : {"a", "b", "late"}) EXPECT_EQ(queue(name), nullptr) << name;
  EXPECT_NE(queue("theirs"), nullptr);
  EXPECT_TRUE(run(exclusive("a"), other).changed());
  EXPECT_FALSE(run(DropConnection{guest.connection}).changed());
}

TEST_F(MetadataTest, DeletingWhatIsNotThereSucceeds) {
  const Outcome outcome = run(DeleteQueue{"q"});
  EXPECT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome.changed());
}

TEST_F(MetadataTest, DeletingByIdHitsThatQueueAndNoNamesake) {
  run(durable("q"));
  const QueueId first = queue("q")->ref.id;
  run(DeleteQueue{"q"});
  run(durable("q"));
  EXPECT_FALSE(run(DeleteQueueById{first}).changed());
  EXPECT_NE(queue("q"), nullptr);
  EXPECT_TRUE(run(DeleteQueueById{queue("q")->ref.id}).changed());
  EXPECT_EQ(queue("q"), nullptr);
}

TEST_F(MetadataTest, QueuesSpreadOverAllLanes) {
  std::set<GroupId> lanes;
  for (int i = 0; i < 400; ++i) {
    const Outcome outcome = run(transient("q" + std::to_string(i)));
    const GroupId lane = (*outcome.answer)->queue.lane;
    EXPECT_GE(lane, GroupId(1));
    EXPECT_LE(lane, GroupId(kLaneCount));
    lanes.insert(lane);
  }
  EXPECT_EQ(lanes.size(), kLaneCount);
}

// ---- Arguments ----

struct BadArgument {
  Table arguments;
  std::string_view why;
};

TEST_F(MetadataTest, KnownArgumentsAreCheckedForTypeAndRange) {
  const auto text = [](const char* value) { return message::Value(std::string(value)); };
  const std::vector<BadArgument> cases{
      {{{"x-message-ttl", text("60")}},
       "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': \"expected integer, got longstr\""},
      {{{"x-message-ttl", Integer{-1}}},
       "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_negative,-1}"},
      {{{"x-message-ttl", Integer{315'360'000'001}}}, "{value_too_large,315360000001}"},
      {{{"x-expires", Integer{0}}}, "{value_zero,0}"},
      {{{"x-expires", true}}, "\"expected integer, got bool\""},
      {{{"x-max-length", Integer{-1}}}, "{value_negative,-1}"},
      {{{"x-max-length-bytes", 1.0}}, "\"expected integer, got double\""},
      {{{"x-max-priority", Integer{256}}}, "{max_value_exceeded,256}"},
      {{{"x-max-priority", Integer{-1}}}, "{value_negative,-1}"},
      {{{"x-overflow", text("spill")}}, "invalid_overflow"},
      {{{"x-overflow", Integer{1}}}, "{unacceptable_type,long}"},
      {{{"x-dead-letter-routing-key", text("k")}}, "routing_key_but_no_dlx_defined"},
      {{{"x-single-active-consumer", text("true")}}, "{unacceptable_type,longstr}"},
      {{{"x-queue-mode", text("eager")}}, "unsupported queue mode 'eager'"},
      {{{"x-queue-version", Integer{3}}}, "unsupported queue version '3'"},
      {{{"x-queue-type", text("heap")}}, "unsupported queue type 'heap'"},
      {{{"x-queue-type", Integer{1}}}, "{unacceptable_type,long}"},
      {{{"x-delivery-limit", Integer{5}}},
       "invalid arg 'x-delivery-limit' for queue 'q' in vhost '/' of queue type "
       "rabbit_classic_queue"},
      {{{"x-max-age", text("1D")}}, "of queue type rabbit_classic_queue"},
      {{{"x-max-in-memory-length", Integer{1}}}, "of queue type rabbit_classic_queue"},
      {{{"x-stream-max-segment-size-bytes", Integer{1}}}, "of queue type rabbit_classic_queue"},
      {{{"x-consumer-timeout", Integer{-1}}}, "{value_negative,-1}"},
      {{{"x-queue-leader-locator", text("nowhere")}}, "invalid_queue_locator_arg"},
      {{{"x-queue-master-locator", Integer{1}}}, "{unacceptable_type,long}"},
      {{{"x-queue-type", text("quorum")}, {"x-quorum-initial-group-size", Integer{0}}},
       "{value_zero,0}"},
      {{{"x-queue-type", text("quorum")}, {"x-max-priority", Integer{5}}},
       "invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue"},
      {{{"x-queue-type", text("quorum")}, {"x-dead-letter-strategy", text("sometimes")}},
       "invalid_dlx_strategy"},
      {{{"x-dead-letter-exchange", Integer{1}}},
       "invalid type 'long' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'"},
  };
  for (const BadArgument& bad : cases) {
    const Error refused = error(durable("q", bad.arguments));
    EXPECT_EQ(refused.code, Errc::precondition_failed) << bad.why;
    EXPECT_THAT(refused.what, HasSubstr(std::string(bad.why)));
  }
  EXPECT_EQ(queue("q"), nullptr);
}

TEST_F(MetadataTest, TheEdgesOfTheRangesAreAccepted) {
  EXPECT_TRUE(run(durable("a", {{"x-message-ttl", Integer{0}}, {"x-expires", Integer{1}}})).ok());
  EXPECT_TRUE(run(durable("b", {{"x-message-ttl", Integer{315'360'000'000}},
                                {"x-max-priority", Integer{255}},
                                {"x-max-length", Integer{0}},
                                {"x-overflow", std::string("reject-publish-dlx")},
                                {"x-queue-mode", std::string("lazy")},
                                {"x-queue-version", Integer{2}},
                                {"x-single-active-consumer", true}}))
                  .ok());
}

TEST_F(MetadataTest, AQuorumQueueIsDurableSharedAndStays) {
  const Table arguments{{"x-queue-type", std::string("quorum")}, {"x-delivery-limit", Integer{5}}};
  EXPECT_TRUE(run(durable("fine", arguments)).changed());
  DeclareQueue change = durable("q", arguments);
  change.exclusive = true;
  EXPECT_EQ(error(change).what, "invalid property 'exclusive-owner' for queue 'q' in vhost '/'");
  change.exclusive = false;
  change.durable = false;
  EXPECT_EQ(error(change).what, "invalid property 'non-durable' for queue 'q' in vhost '/'");
  change.durable = true;
  change.auto_delete = true;
  EXPECT_EQ(error(change), (Error{Errc::precondition_failed,
                                  "invalid property 'auto-delete' for queue 'q' in vhost '/'"}));
  EXPECT_THAT(error(durable("", arguments)).what,
              StartsWith("Cannot declare a server-named queue for type quorum"));
}

TEST_F(MetadataTest, StreamsAreNotThereYetAndSaySo) {
  const Error refused = error(durable("q", {{"x-queue-type", std::string("stream")}}));
  EXPECT_EQ(refused.code, Errc::not_implemented);
}

TEST_F(MetadataTest, ArgumentsThatCouldNotBeReadBackAreRefused) {
  EXPECT_EQ(error(durable("q", {{"x-mine", std::string(100'000, 'x')}})).code,
            Errc::precondition_failed);
  EXPECT_EQ(error(durable("q", {{"x-mine", message::Array(20'000)}})).code,
            Errc::precondition_failed);
}

// ---- Permissions ----

TEST_F(MetadataTest, DeclaringAndDeletingAQueueNeedsConfigure) {
  const Actor reader = user("reader", "", ".*", ".*");
  EXPECT_EQ(error(durable("q"), reader),
            (Error{Errc::access_refused,
                   "configure access to queue 'q' in vhost '/' refused for user 'reader'"}));
  run(durable("q"));
  EXPECT_EQ(error(DeleteQueue{"q"}, reader).code, Errc::access_refused);
  DeclareQueue passive;
  passive.name = "q";
  passive.passive = true;
  EXPECT_TRUE(run(passive, reader).ok());
  EXPECT_EQ(error(passive, user("nobody", "", "", "")).what,
            "configure access to queue 'q' in vhost '/' refused for user 'nobody'");
}

TEST_F(MetadataTest, ADeadLetterExchangeNeedsReadOnTheQueueAndWriteOnTheExchange) {
  const Table arguments{{"x-dead-letter-exchange", std::string("dlx")}};
  EXPECT_EQ(error(durable("q", arguments), user("a", ".*", ".*", "")).what,
            "read access to queue 'q' in vhost '/' refused for user 'a'");
  EXPECT_EQ(error(durable("q", arguments), user("b", ".*", "", ".*")).what,
            "write access to exchange 'dlx' in vhost '/' refused for user 'b'");
  EXPECT_TRUE(run(durable("q", arguments), user("c", "^q$", "^dlx$", "^q$")).changed());
}

TEST_F(MetadataTest, TheBrokerItselfIsNotAsked) {
  Actor system;
  system.system = true;
  system.tenant = tenant;
  run(durable("q"));
  EXPECT_TRUE(run(DeleteQueue{"q"}, system).changed());
}

TEST_F(MetadataTest, InADeletedTenantNothingIsFound) {
  ASSERT_TRUE(run(PutTenant{"t"}).changed());
  Actor there = guest;
  there.tenant = *catalog.find_tenant("t");
  ASSERT_TRUE(run(durable("q"), there).changed());
  const auto waiting = submit(DeleteTenant{"t"});
  const auto late = submit(durable("r"), there);
  turn();
  EXPECT_TRUE(waiting->changed());
  EXPECT_EQ(late->error().code, Errc::not_found);
}

}  // namespace
}  // namespace naru::core
