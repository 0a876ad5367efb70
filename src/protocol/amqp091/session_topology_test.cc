// Worry: names and flags that get lost on the way to the broker, answers to the wrong question, and
// transactions that are half there.
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Topology : public SessionTest {
 protected:
  Topology() {
    connect();
    open_channel();
  }
};

TEST_F(Topology, ExchangesAreDeclaredDeletedBoundAndUnbound) {
  send(R"(1 exchange.declare exchange="x\r\n" type="topic" durable=1 internal=1 auto_delete=1)");
  EXPECT_EQ(asked(), Lines{"request declare_exchange x topic durable auto_delete internal"});
  reply();
  expect({"1 exchange.declare-ok"});
  send(R"(1 exchange.bind destination="d" source="s" routing_key="k")");
  EXPECT_EQ(asked(), Lines{"request bind s->exchange d 'k'"});
  reply();
  expect({"1 exchange.bind-ok"});
  send(R"(1 exchange.unbind destination="d" source="s" routing_key="k")");
  EXPECT_EQ(asked(), Lines{"request unbind s->exchange d 'k'"});
  reply();
  expect({"1 exchange.unbind-ok"});
  send(R"(1 exchange.delete exchange="x" if_unused=1)");
  EXPECT_EQ(asked(), Lines{"request delete_exchange x if_unused"});
  reply();
  expect({"1 exchange.delete-ok"});
}

TEST_F(Topology, QueuesAreDeclaredPurgedAndDeleted) {
  send(R"(1 queue.declare queue="q\n" durable=1 exclusive=1 auto_delete=1)");
  EXPECT_EQ(asked(), Lines{"request declare_queue q durable exclusive auto_delete"});
  reply(core::QueueDeclared{"q", 3, 2});
  expect({R"(1 queue.declare-ok queue="q" message_count=3 consumer_count=2)"});
  send(R"(1 queue.purge queue="q")");
  reply(core::Counted{3});
  expect({"1 queue.purge-ok message_count=3"});
  send(R"(1 queue.delete queue="q" if_unused=1 if_empty=1)");
  asked();
  reply(core::Counted{4});
  expect({"1 queue.delete-ok message_count=4"});
}

TEST_F(Topology, NoNameMeansTheQueueDeclaredLast) {
  send("1 queue.declare");
  reply(core::QueueDeclared{"amq.gen-1", 0, 0});
  asked();
  send(R"(1 queue.bind exchange="x")");
  EXPECT_EQ(asked(), Lines{"request bind x->amq.gen-1 'amq.gen-1'"});
  reply();
  send(R"(1 queue.bind exchange="x" routing_key="k")");
  EXPECT_EQ(asked(), Lines{"request bind x->amq.gen-1 'k'"});
  reply();
  send(R"(1 queue.unbind exchange="x")");
  EXPECT_EQ(asked(), Lines{"request unbind x->amq.gen-1 'amq.gen-1'"});
  reply();
  send("1 basic.get");
  EXPECT_EQ(asked(), Lines{"request get amq.gen-1"});
  reply(core::Got{});
  expect({R"(1 queue.declare-ok queue="amq.gen-1")", "1 queue.bind-ok", "1 queue.bind-ok",
          "1 queue.unbind-ok", "1 basic.get-empty"});
}

TEST_F(Topology, NoNameWithoutAQueueDeclaredBeforeIsNotFound) {
  send("1 queue.purge");
  expect(
      {R"(1 channel.close reply_code=404 )"
       R"(reply_text="NOT_FOUND - no previously declared queue" failed_class=50 failed_method=30)"});
}

TEST_F(Topology, ArgumentsReachTheBrokerAsTheyCame) {
  send(R"(1 queue.declare queue="q" arguments={x-message-ttl:s 1000, x-name:S "v"})");
  const auto& arguments = std::get<core::DeclareQueue>(broker_.last_request().operation).arguments;
  ASSERT_EQ(arguments.size(), 2u);
  EXPECT_EQ(std::get<message::Integer>(arguments[0].second.v).width, message::IntegerWidth::i16);
  EXPECT_EQ(*arguments[1].second.text(), "v");
}

TEST_F(Topology, NowaitIsSilentButErrorsAreNot) {
  send_all(
      {R"(1 queue.declare queue="a" nowait=1)", R"(1 exchange.declare exchange="b" nowait=1)"});
  reply(core::QueueDeclared{"a", 0, 0});
  expect({});
  refuse(Errc::precondition_failed, "inequivalent arg 'type'");
  expect(
      {R"(1 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - inequivalent arg 'type'")"});
}

TEST_F(Topology, OneRequestIsUnderWayAtATime) {
  send_all({R"(1 queue.declare queue="a")", R"(1 queue.declare queue="b")", "0 heartbeat"});
  EXPECT_EQ(asked(), Lines{"request declare_queue a"});
  EXPECT_GT(peer_.unread_bytes(), 0u);
  reply(core::QueueDeclared{"a", 0, 0});
  EXPECT_EQ(asked(), Lines{"request declare_queue b"});
  reply(core::QueueDeclared{"b", 0, 0});
  EXPECT_EQ(peer_.unread_bytes(), 0u);
}

TEST_F(Topology, PublishesBeforeARequestReachTheBrokerBeforeIt) {
  send_all({R"(1 publish routing_key="q" body="x")", R"(1 queue.purge queue="q")",
            R"(1 publish routing_key="q" body="y")"});
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'q' 'x'", "request purge q"}));
  reply(core::Counted{1});
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 ''->'q' 'y'"});
}

// ---- Transactions ----

TEST_F(Topology, ACommitIsOneAtomicBatch) {
  consume();
  deliver(1, 10, 3);
  said();
  send("1 tx.select");
  expect({"1 tx.select-ok"});
  send_all({R"(1 publish routing_key="a" body="one")", "1 basic.ack delivery_tag=1",
            R"(1 publish routing_key="b" body="two" mandatory=1)",
            "1 basic.reject delivery_tag=3 requeue=0"});
  EXPECT_EQ(asked(),
            (Lines{"check 1 seq=0 ''->'a' 'one'", "check 1 seq=0 ''->'b' mandatory 'two'"}))
      << "nothing but a question leaves before the commit";
  const std::size_t before = broker_.batches;
  send("1 tx.commit");
  EXPECT_EQ(broker_.batches - before, 1u);
  EXPECT_EQ(asked(), (Lines{"atomic 1", "publish checked 1 seq=0 ''->'a' 'one'",
                            "publish checked 1 seq=0 ''->'b' mandatory 'two'", "settle 7 10..10",
                            "return 7 12..12 reject", "barrier 1"}));
  expect({});
  reply();
  expect({"1 tx.commit-ok"});
  send("1 basic.ack delivery_tag=1");
  expect({"1 channel.close reply_code=406"});
}

TEST_F(Topology, ARollbackForgetsPublishesAndGivesTagsBack) {
  consume();
  deliver(1, 10, 3);
  send_all({"1 tx.select", R"(1 publish routing_key="a" body="one")", "1 basic.ack delivery_tag=2",
            "1 basic.ack delivery_tag=1", "1 tx.rollback"});
  said();
  EXPECT_EQ(asked(), (Lines{"check 1 seq=0 ''->'a' 'one'", "roll back 1"}));
  send_all({"1 basic.ack delivery_tag=3 multiple=1", "1 tx.commit"});
  EXPECT_EQ(asked(), (Lines{"atomic 1", "settle 7 10..12", "barrier 1"}));
}

TEST_F(Topology, WhatATransactionAcknowledgesIsCountedUntilItIsCommitted) {
  consume();
  deliver(1, 10, 1000);
  send("1 tx.select");
  const auto state = [&] { return peer_.session().memory().state; };
  const std::size_t before = state();
  send("1 basic.ack delivery_tag=999 multiple=1");
  EXPECT_GE(state(), before + 999 * sizeof(core::Seq));
  asked();
  send("1 tx.commit");
  EXPECT_EQ(asked(), (Lines{"atomic 1", "settle 7 10..1008", "barrier 1"}));
  EXPECT_LE(state(), before);
}

TEST_F(Topology, ArgumentsHaveSoManyValuesAndNoMore) {
  const auto declare = [this](std::size_t voids) {
    std::string arguments = "a:A [";
    for (std::size_t i = 0; i < voids; ++i) arguments += i == 0 ? "V" : ", V";
    send(R"(1 queue.declare queue="q" arguments={)" + arguments + "]}");
  };
  declare(1023);
  EXPECT_EQ(asked(), Lines{"request declare_queue q"});
  reply(core::QueueDeclared{"q", 0, 0});
  said();
  declare(1024);
  EXPECT_EQ(asked(), Lines{"closed 1"}) << "nothing is declared";
  expect({R"(1 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - arguments may hold 1024 values" )"
          R"(failed_class=50 failed_method=10)"});
}

TEST_F(Topology, WhoWaitsForAnAnswerIsNotRead) {
  send(R"(1 queue.purge queue="q")");
  EXPECT_EQ(peer_.session().input_bytes_max(), 1u);
  reply(core::Counted{1});
  EXPECT_GT(peer_.session().input_bytes_max(), 100'000u);
}

TEST_F(Topology, WhatIsDeclaredWaitsUnreadWhileTooMuchOfItIsOnItsWay) {
  for (const std::string_view line :
       {R"(1 exchange.declare exchange="x" type="fanout")",
        R"(1 exchange.bind destination="x" source="y")",
        R"(1 exchange.unbind destination="x" source="y")", R"(1 queue.declare queue="q")",
        R"(1 queue.bind queue="q" exchange="x")", R"(1 queue.unbind queue="q" exchange="x")"}) {
    broker_.room_for_changes = false;
    send(line);
    EXPECT_EQ(asked(), Lines{}) << line;
    EXPECT_EQ(peer_.session().input_bytes_max(), 1u) << line;
    EXPECT_GT(peer_.unread_bytes(), 0u) << line;
    peer_.event(core::Writable{});
    EXPECT_EQ(asked(), Lines{}) << line << ", asked again";
    broker_.room_for_changes = true;
    peer_.event(core::Writable{});
    EXPECT_EQ(asked().size(), 1u) << line;
    EXPECT_EQ(peer_.unread_bytes(), 0u) << line;
    reopen();
    connect();
    open_channel();
  }
}

TEST_F(Topology, WhatIsDroppedDoesNotWait) {
  send("1 basic.ack delivery_tag=1");
  expect({"1 channel.close reply_code=406"});
  asked();
  broker_.room_for_changes = false;
  send_all({R"(1 queue.declare queue="q")", "1 channel.close-ok", "1 channel.open"});
  EXPECT_EQ(peer_.unread_bytes(), 0u);
  expect({"1 channel.open-ok"});
}

TEST_F(Topology, WhatOnlyAsksDoesNotWait) {
  broker_.room_for_changes = false;
  for (const std::string_view line :
       {R"(1 exchange.declare exchange="x" type="fanout" passive=1)",
        R"(1 queue.declare queue="q" passive=1 arguments={a:S "b"})"}) {
    send(line);
    EXPECT_EQ(asked().size(), 1u) << line;
    EXPECT_EQ(peer_.unread_bytes(), 0u) << line;
    reopen();
    connect();
    open_channel();
  }
  send_all({R"(1 queue.declare queue="q")", R"(1 queue.declare queue="q" passive=1)"});
  EXPECT_EQ(asked(), Lines{}) << "behind one that waits it waits, too";
}

TEST_F(Topology, WhatIsDeletedDoesNotWait) {
  broker_.room_for_changes = false;
  for (const std::string_view line : {R"(1 queue.purge queue="q")", R"(1 queue.delete queue="q")",
                                      R"(1 exchange.delete exchange="x")"}) {
    send(line);
    EXPECT_EQ(asked().size(), 1u) << line;
    line.find("exchange") == std::string_view::npos ? reply(core::Counted{1}) : reply();
  }
}

TEST_F(Topology, APublishOfATransactionFailsAsItComes) {
  send_all({"1 tx.select", R"(1 publish exchange="nope" body="x")", "1 tx.commit"});
  said();
  peer_.event(core::PublishRefused{core::ChannelId(1), 0, {Errc::not_found, "no exchange 'nope'"}});
  expect({"1 channel.close reply_code=404"});
  reply();
  expect({});
}

TEST_F(Topology, AnUncommittedTransactionReturnsItsLeases) {
  consume();
  deliver(1, 10, 2);
  send_all({"1 tx.select", "1 basic.ack delivery_tag=1"});
  asked();
  send("1 channel.close");
  EXPECT_EQ(asked(), (Lines{"request cancel 1", "return 7 11..11 requeue",
                            "return 7 10..10 requeue", "closed 1"}));
}

TEST_F(Topology, TransactionsAndConfirmsExcludeEachOther) {
  send_all({"1 tx.select", "1 confirm.select"});
  expect({"1 tx.select-ok",
          R"(1 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - cannot switch from tx to confirm mode")"});
  open_channel(2);
  send_all({"2 confirm.select", "2 tx.select"});
  expect({"2 confirm.select-ok",
          R"(2 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - cannot switch from confirm to tx mode")"});
  open_channel(3);
  send("3 tx.commit");
  expect(
      {R"(3 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - channel is not transactional")"});
  open_channel(4);
  send("4 tx.rollback");
  expect(
      {R"(4 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - channel is not transactional")"});
}

}  // namespace
}  // namespace naru::amqp091
