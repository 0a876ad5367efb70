// Binding and unbinding: what is missing, what is already there, who may.

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using message::Table;

class BindingTest : public MetadataTest {
 protected:
  BindingTest() {
    run(durable("q"));
    run(exchange("x", "direct"));
  }
  std::size_t bindings() const { return catalog.binding_count(exchange_there("x")->id); }
};

TEST_F(BindingTest, ABindingMadeTwiceIsOne) {
  EXPECT_TRUE(run(bind("x", "q", "k")).changed());
  const Outcome again = run(bind("x", "q", "k"));
  EXPECT_TRUE(again.ok());
  EXPECT_FALSE(again.changed());
  EXPECT_EQ(bindings(), 1U);
  EXPECT_TRUE(run(unbind("x", "q", "k")).changed());
  EXPECT_EQ(bindings(), 0U);
}

TEST_F(BindingTest, ABindingMadeTwiceInOneTurnIsOneToo) {
  const auto first = submit(bind("x", "q", "k"));
  const auto second = submit(bind("x", "q", "k"));
  turn();
  EXPECT_TRUE(first->ok());
  EXPECT_TRUE(second->ok());
  EXPECT_EQ(bindings(), 1U);
}

TEST_F(BindingTest, BothEndsMustBeThereToBind) {
  EXPECT_EQ(error(bind("nowhere", "q")),
            (Error{Errc::not_found, "no exchange 'nowhere' in vhost '/'"}));
  EXPECT_EQ(error(bind("x", "nobody")), (Error{Errc::not_found, "no queue 'nobody' in vhost '/'"}));
  EXPECT_EQ(error(bind_exchange("x", "y")),
            (Error{Errc::not_found, "no exchange 'y' in vhost '/'"}));
  EXPECT_EQ(error(bind("nowhere", "nobody")).what, "no exchange 'nowhere' in vhost '/'");
}

TEST_F(BindingTest, UnbindingWhatIsNotThereSucceeds) {
  for (const Unbind& change :
       {unbind("x", "q", "k"), unbind("nowhere", "q", "k"), unbind("x", "nobody", "k")}) {
    const Outcome outcome = run(change);
    EXPECT_TRUE(outcome.ok());
    EXPECT_FALSE(outcome.changed());
  }
}

TEST_F(BindingTest, ArgumentsTellBindingsApart) {
  Bind one = bind("x", "q", "k");
  one.arguments = {{"a", true}};
  EXPECT_TRUE(run(one).changed());
  EXPECT_TRUE(run(bind("x", "q", "k")).changed());
  EXPECT_EQ(bindings(), 2U);
  EXPECT_TRUE(run(unbind("x", "q", "k")).changed());
  EXPECT_EQ(bindings(), 1U);
}

TEST_F(BindingTest, AHeadersBindingSaysHowItMatches) {
  Bind change = bind("amq.headers", "q");
  change.arguments = {{"x-match", std::string("none")}};
  EXPECT_EQ(error(change).code, Errc::precondition_failed);
  change.arguments = {{"x-match", std::string("any-with-x")}, {"a", true}};
  EXPECT_TRUE(run(change).changed());
  Bind elsewhere = bind("x", "q");
  elsewhere.arguments = {{"x-match", std::string("none")}};
  EXPECT_TRUE(run(elsewhere).changed());
}

TEST_F(BindingTest, AReplyAddressIsNoQueueToBind) {
  const Error refused{Errc::access_refused,
                      "cannot bind or unbind to a volatile (direct reply-to) queue"};
  EXPECT_EQ(error(bind("x", "amq.rabbitmq.reply-to.abc")), refused);
  EXPECT_EQ(error(unbind("x", "amq.rabbitmq.reply-to")), refused);
}

TEST_F(BindingTest, BindingNeedsWriteOnTheDestinationAndReadOnTheSource) {
  run(exchange("y", "fanout"));
  EXPECT_EQ(error(bind("x", "q"), user("a", ".*", "", ".*")).what,
            "write access to queue 'q' in vhost '/' refused for user 'a'");
  EXPECT_EQ(error(bind("x", "q"), user("b", ".*", ".*", "")).what,
            "read access to exchange 'x' in vhost '/' refused for user 'b'");
  EXPECT_EQ(error(bind_exchange("x", "y"), user("c", ".*", "", ".*")).what,
            "write access to exchange 'y' in vhost '/' refused for user 'c'");
  const Actor enough = user("d", "", "^q$", "^x$");
  EXPECT_TRUE(run(bind("x", "q"), enough).changed());
  EXPECT_TRUE(run(unbind("x", "q"), enough).changed());
  EXPECT_EQ(error(unbind("x", "q"), user("e", "", "", "")).code, Errc::access_refused);
}

}  // namespace
}  // namespace naru::core
