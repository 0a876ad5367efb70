// Declaring and deleting exchanges, and what goes with them.

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using message::Integer;
using message::Table;

TEST_F(MetadataTest, ATenantBeginsWithItsPredeclaredExchanges) {
  for (const char* name : {"", "amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match",
                           "amq.rabbitmq.trace"}) {
    ASSERT_NE(exchange_there(name), nullptr) << name;
    EXPECT_TRUE(exchange_there(name)->durable) << name;
  }
  EXPECT_EQ(exchange_there("amq.match")->type, ExchangeType::headers);
  EXPECT_TRUE(exchange_there("amq.rabbitmq.trace")->internal);
}

TEST_F(MetadataTest, AnExchangeIsDeclaredOnceAndFoundAgain) {
  EXPECT_TRUE(run(exchange("x", "topic")).changed());
  EXPECT_EQ(exchange_there("x")->type, ExchangeType::topic);
  const Outcome again = run(exchange("x", "topic"));
  EXPECT_TRUE(again.ok());
  EXPECT_FALSE(again.changed());
  EXPECT_TRUE(run(exchange("amq.direct", "direct")).ok());  // it exists, so its name is no matter
}

TEST_F(MetadataTest, ARedeclaredExchangeMustBeTheSame) {
  run(exchange("x", "topic"));
  EXPECT_EQ(error(exchange("x", "fanout")),
            (Error{Errc::already_exists,
                   "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but "
                   "current is 'topic'"}));
  EXPECT_EQ(error(exchange("x", "topic", false)).what,
            "inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'false' but "
            "current is 'true'");
  DeclareExchange change = exchange("x", "topic");
  change.auto_delete = true;
  EXPECT_EQ(error(change).what,
            "inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received 'true' but "
            "current is 'false'");
  change = exchange("x", "topic");
  change.internal = true;
  EXPECT_EQ(error(change).what,
            "inequivalent arg 'internal' for exchange 'x' in vhost '/': received 'true' but "
            "current is 'false'");
  change = exchange("x", "topic");
  change.arguments = {{"alternate-exchange", std::string("ae")}};
  EXPECT_EQ(error(change).what,
            "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received the "
            "value 'ae' of type 'longstr' but current is none");
  change.arguments = {{"x-mine", Integer{1}}};
  EXPECT_TRUE(run(change).ok());
}

TEST_F(MetadataTest, PassiveLooksForTheNameOnly) {
  DeclareExchange passive;
  passive.name = "x";
  passive.passive = true;
  EXPECT_EQ(error(passive), (Error{Errc::not_found, "no exchange 'x' in vhost '/'"}));
  run(exchange("x", "topic"));
  EXPECT_TRUE(run(passive).ok());
}

TEST_F(MetadataTest, UnknownTypesAndReservedNamesAreRefused) {
  EXPECT_EQ(error(exchange("x", "x-heap")),
            (Error{Errc::precondition_failed, "unknown exchange type 'x-heap'"}));
  EXPECT_EQ(
      error(exchange("amq.mine", "topic")),
      (Error{Errc::access_refused, "exchange name 'amq.mine' contains reserved prefix 'amq.*'"}));
}

TEST_F(MetadataTest, TheDefaultExchangeIsNotToBeTouched) {
  const Error refused{Errc::access_refused, "operation not permitted on the default exchange"};
  run(durable("q"));
  EXPECT_EQ(error(exchange("", "direct")), refused);
  EXPECT_EQ(error(DeleteExchange{""}), refused);
  EXPECT_EQ(error(bind("", "q", "q")), refused);
  EXPECT_EQ(error(unbind("", "q", "q")), refused);
  EXPECT_EQ(error(bind_exchange("amq.fanout", "")), refused);
}

TEST_F(MetadataTest, DeletingAnExchangeIsIdempotentUnlessItIsTheSystems) {
  EXPECT_TRUE(run(DeleteExchange{"x"}).ok());
  run(exchange("x", "topic"));
  EXPECT_TRUE(run(DeleteExchange{"x"}).changed());
  EXPECT_EQ(exchange_there("x"), nullptr);
  EXPECT_EQ(error(DeleteExchange{"amq.direct"}),
            (Error{Errc::access_refused,
                   "deletion of system exchange 'amq.direct' in vhost '/' not allowed"}));
}

TEST_F(MetadataTest, AnExchangeInUseIsNotDeletedIfThatWasAsked) {
  run(exchange("x", "topic"));
  run(exchange("y", "topic"));
  run(bind_exchange("x", "y"));
  EXPECT_EQ(error(DeleteExchange{"x", true}),
            (Error{Errc::precondition_failed, "exchange 'x' in vhost '/' in use"}));
  EXPECT_TRUE(run(DeleteExchange{"y", true}).changed());  // being a destination is no use
  EXPECT_TRUE(run(DeleteExchange{"x", true}).changed());
}

TEST_F(MetadataTest, AnAlternateIsCheckedForTypeAndPermission) {
  DeclareExchange change = exchange("x", "topic");
  change.arguments = {{"alternate-exchange", Integer{1}}};
  EXPECT_EQ(error(change).what,
            "invalid type 'long' for arg 'alternate-exchange' in exchange 'x' in vhost '/'");
  change.arguments = {{"alternate-exchange", std::string("ae")}};
  EXPECT_EQ(error(change, user("a", ".*", ".*", "")).what,
            "read access to exchange 'x' in vhost '/' refused for user 'a'");
  EXPECT_EQ(error(change, user("b", ".*", "", ".*")).what,
            "write access to exchange 'ae' in vhost '/' refused for user 'b'");
  EXPECT_TRUE(run(change).changed());
  EXPECT_EQ(exchange_there("x")->alternate, "ae");
}

TEST_F(MetadataTest, DeclaringAndDeletingAnExchangeNeedsConfigure) {
  const Actor reader = user("reader", "", ".*", ".*");
  EXPECT_EQ(error(exchange("x", "topic"), reader).what,
            "configure access to exchange 'x' in vhost '/' refused for user 'reader'");
  run(exchange("x", "topic"));
  EXPECT_EQ(error(DeleteExchange{"x"}, reader).code, Errc::access_refused);
  DeclareExchange passive;
  passive.name = "x";
  passive.passive = true;
  EXPECT_TRUE(run(passive, reader).ok());
}

// ---- Auto-delete ----

class AutoDeleteTest : public MetadataTest {
 protected:
  void declare_auto_delete(const std::string& name, bool is_durable = true) {
    DeclareExchange change = exchange(name, "fanout", is_durable);
    change.auto_delete = true;
    ASSERT_TRUE(run(change).changed());
  }
};

TEST_F(AutoDeleteTest, AnExchangeGoesWithItsLastBindingAsSource) {
  declare_auto_delete("x");
  run(durable("q"));
  run(durable("r"));
  run(bind("x", "q"));
  run(bind("x", "r"));
  run(unbind("x", "q"));
  EXPECT_NE(exchange_there("x"), nullptr);
  run(DeleteQueue{"r"});
  EXPECT_EQ(exchange_there("x"), nullptr);
}

TEST_F(AutoDeleteTest, AnExchangeThatNeverHadABindingStays) {
  declare_auto_delete("x");
  run(durable("q"));
  run(DeleteQueue{"q"});
  EXPECT_NE(exchange_there("x"), nullptr);
}

TEST_F(AutoDeleteTest, BeingADestinationKeepsNobodyAlive) {
  declare_auto_delete("x");
  run(exchange("source", "fanout"));
  run(durable("q"));
  run(bind_exchange("source", "x"));
  run(bind("x", "q"));
  run(unbind("x", "q"));
  EXPECT_EQ(exchange_there("x"), nullptr);
  EXPECT_NE(exchange_there("source"), nullptr);
  EXPECT_EQ(catalog.binding_count(exchange_there("source")->id), 0U);
}

TEST_F(AutoDeleteTest, OneDeletionMayTakeAWholeChain) {
  for (const char* name : {"a", "b", "c"}) declare_auto_delete(name);
  run(durable("q"));
  run(bind_exchange("a", "b"));
  run(bind_exchange("b", "c"));
  run(bind_exchange("c", "c"));
  run(bind("c", "q"));
  run(DeleteQueue{"q"});
  EXPECT_NE(exchange_there("c"), nullptr);  // it still leads to itself
  Unbind change;
  change.source = "c";
  change.destination = "c";
  change.to_exchange = true;
  run(change);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(exchange_there(name), nullptr) << name;
}

TEST_F(AutoDeleteTest, SeveralBindingsOfOneQueueCountAsSeveral) {
  declare_auto_delete("x");
  run(durable("q"));
  run(durable("r"));
  run(bind("x", "q", "1"));
  run(bind("x", "q", "2"));
  run(bind("x", "r", "1"));
  run(DeleteQueue{"q"});
  EXPECT_NE(exchange_there("x"), nullptr);
  run(DeleteQueue{"r"});
  EXPECT_EQ(exchange_there("x"), nullptr);
}

TEST_F(AutoDeleteTest, ADurableExchangeDeletedByATransientQueueStaysDeleted) {
  declare_auto_delete("x");
  run(exclusive("mine"));
  run(bind("x", "mine"));
  const std::size_t before = journal.entries.size();
  run(DropConnection{guest.connection});
  EXPECT_EQ(exchange_there("x"), nullptr);
  EXPECT_EQ(queue("mine"), nullptr);
  EXPECT_EQ(journal.entries.size(), before + 1);
}

TEST_F(AutoDeleteTest, ABindingMadeMeanwhileSavesTheExchangeOrComesTooLate) {
  declare_auto_delete("x");
  run(durable("q"));
  run(durable("r"));
  run(bind("x", "q"));
  const auto removed = submit(unbind("x", "q"));
  metadata.flush();
  const auto late = submit(bind("x", "r"));
  turn();
  EXPECT_TRUE(removed->changed());
  EXPECT_EQ(late->error().code, Errc::not_found);

  declare_auto_delete("y");
  run(bind("y", "q"));
  const auto early = submit(bind("y", "r"));
  metadata.flush();
  const auto then = submit(unbind("y", "q"));
  turn();
  EXPECT_TRUE(early->changed());
  EXPECT_TRUE(then->changed());
  EXPECT_NE(exchange_there("y"), nullptr);
}

}  // namespace
}  // namespace naru::core
