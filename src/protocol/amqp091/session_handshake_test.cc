// Worry: a client that is let in half-way, limits that are believed instead of checked, and a peer
// that speaks something else and is left waiting.
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Handshake : public SessionTest {
 protected:
  void start() {
    send("raw 414d5150 00000901");
    said();
  }
  void log_in() {
    start();
    send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest")");
    reply(core::Authenticated{{"guest", ""}});
    said();
  }
};

TEST_F(Handshake, OffersItselfAfterTheProtocolHeader) {
  send("raw 414d5150 00000901");
  const Lines lines = said();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(wire::matches(R"(0 connection.start version_major=0 version_minor=9 )"
                            R"(mechanisms="PLAIN AMQPLAIN" locales="en_US")",
                            lines[0]));
  for (const char* part : {"product:S \"Naru\"", "version:S \"4.2.0\"", "naru_version:S",
                           "basic.nack:t 1", "direct_reply_to:t 1"})
    EXPECT_NE(lines[0].find(part), std::string::npos) << part;
}

TEST_F(Handshake, TakesTheHeaderOfVersion0Dot9) {
  send("raw 414d5150 01010009");
  expect({"0 connection.start"});
}

TEST_F(Handshake, AnswersOtherHeadersWithItsOwnAndCloses) {
  for (const std::string_view header : {"raw 414d5150 00010000", "raw 414d5150 00000a00",
                                        "raw 474554202f204854", "raw 1603010200"}) {
    testing::SessionPeer other(broker_, now_);
    other.open(module_);
    other.send(wire::octets(header));
    EXPECT_EQ(wire::describe(as_bytes(other.take_output()))->line, "raw 414d515000000901");
    EXPECT_TRUE(other.closed());
  }
}

TEST_F(Handshake, WaitsForTheWholeHeader) {
  send("raw 414d51500000");
  expect({});
  EXPECT_FALSE(peer_.closed());
  send("raw 0901");
  expect({"0 connection.start"});
}

TEST_F(Handshake, LogsInTunesAndOpens) {
  start();
  send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0secret")");
  EXPECT_EQ(asked(), Lines{"request authenticate guest secret PLAIN"});
  EXPECT_FALSE(peer_.is_authenticated());
  reply(core::Authenticated{{"guest", ""}});
  EXPECT_TRUE(peer_.is_authenticated());
  expect({"0 connection.tune channel_max=2047 frame_max=131072 heartbeat=60"});
  send("0 connection.tune-ok channel_max=100 frame_max=4096 heartbeat=0");
  send(R"(0 connection.open virtual_host="/x")");
  EXPECT_EQ(asked(), Lines{"request open_tenant /x"});
  reply();
  expect({"0 connection.open-ok"});
  EXPECT_EQ(peer_.session().info().state, "running");
  EXPECT_EQ(peer_.session().info().channels_max, 100);
}

TEST_F(Handshake, TakesAmqplain) {
  start();
  // The table {LOGIN:S "u", PASSWORD:S "p"} without its length.
  send(R"(0 connection.start-ok mechanism="AMQPLAIN" )"
       R"(response="\x05LOGINS\0\0\0\x01u\x08PASSWORDS\0\0\0\x01p")");
  EXPECT_EQ(asked(), Lines{"request authenticate u p AMQPLAIN"});
}

TEST_F(Handshake, RefusesUnknownMechanismsAndBrokenResponses) {
  start();
  send(R"(0 connection.start-ok mechanism="EXTERNAL" response="")");
  expect({R"(0 connection.close reply_code=503 )"
          R"(reply_text="COMMAND_INVALID - unknown authentication mechanism 'EXTERNAL'")"});
}

TEST_F(Handshake, TellsOnlyThoseThatAskedWhyALoginFailed) {
  start();
  send(
      R"(0 connection.start-ok client_properties={capabilities:F {authentication_failure_close:t 1}} )"
      R"(mechanism="PLAIN" response="\0guest\0wrong")");
  refuse(Errc::unauthenticated, "secret reason");
  expect(
      {R"(0 connection.close reply_code=403 reply_text="ACCESS_REFUSED - Login was refused using )"
       R"(authentication mechanism PLAIN. For details see the broker logfile.")"});
  send("0 connection.close-ok");
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Handshake, TooManyLoginsAtOnceAreToldToEverybody) {
  start();
  send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest")");
  refuse(Errc::limit, "too many logins at once; try again");
  expect({R"(0 connection.close reply_code=403 )"
          R"(reply_text="ACCESS_REFUSED - too many logins at once; try again")"});
}

TEST_F(Handshake, AFailedLoginIsClosedSilentlyAfterAWhile) {
  start();
  send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0wrong")");
  refuse(Errc::unauthenticated, "secret reason");
  at(std::chrono::milliseconds(2900));
  EXPECT_FALSE(peer_.closed());
  at(std::chrono::milliseconds(200));
  EXPECT_TRUE(peer_.closed());
  expect({});
}

TEST_F(Handshake, ChecksWhatTheClientTunes) {
  struct Case {
    std::string_view tune_ok;
    std::string_view text;
  };
  for (const Case& c :
       {Case{"channel_max=2047 frame_max=4095 heartbeat=0",
             "NOT_ALLOWED - negotiated frame_max = 4095 is lower than the minimum allowed value "
             "(4096)"},
        Case{"channel_max=2047 frame_max=131073 heartbeat=0",
             "NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed value "
             "(131072)"},
        Case{"channel_max=2047 frame_max=0 heartbeat=0",
             "NOT_ALLOWED - negotiated frame_max = 0 is higher than the maximum allowed value "
             "(131072)"},
        Case{"channel_max=0 frame_max=131072 heartbeat=0",
             "NOT_ALLOWED - negotiated channel_max = 0 (no limit) is higher than the maximum "
             "allowed value (2047)"}}) {
    reopen();
    log_in();
    send("0 connection.tune-ok " + std::string(c.tune_ok));
    expect({"0 connection.close reply_code=530 failed_class=10 failed_method=30 reply_text=\"" +
            std::string(c.text) + "\""});
  }
}

TEST_F(Handshake, ATenantThatIsNotThereIsNotAllowed) {
  log_in();
  send("0 connection.tune-ok channel_max=1 frame_max=131072 heartbeat=0");
  send(R"(0 connection.open virtual_host="nope")");
  refuse(Errc::not_found, "vhost nope not found");
  expect({R"(0 connection.close reply_code=530 reply_text="NOT_ALLOWED - vhost nope not found" )"
          R"(failed_class=10 failed_method=40)"});
}

TEST_F(Handshake, MethodsOutOfTurnAreAChannelError) {
  start();
  send("0 connection.tune-ok channel_max=1 frame_max=131072 heartbeat=0");
  expect({R"(0 connection.close reply_code=504 reply_text="CHANNEL_ERROR - unexpected method in )"
          R"(connection state starting")"});
}

TEST_F(Handshake, ChannelsBeforeTheTenantIsOpenAreUnexpected) {
  log_in();
  send("1 channel.open");
  expect({"0 connection.close reply_code=505"});
}

TEST_F(Handshake, GivesUpOnAPeerThatIsTooSlow) {
  start();
  at(std::chrono::seconds(9));
  EXPECT_FALSE(peer_.closed());
  at(std::chrono::seconds(1));
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Handshake, BuffersNoMoreThan16KiBBeforeTheTune) {
  EXPECT_EQ(peer_.session().input_bytes_max(), 16u * 1024);
  start();
  send("raw 01 0000 00004000");  // 16384 and more to come
  expect(
      {R"(0 connection.close reply_code=501 reply_text="FRAME_ERROR - type 1, all octets = <<>>: )"
       R"({frame_too_large,16384,16368}")"});
}

TEST_F(Handshake, ReadsNothingWhileThePasswordIsChecked) {
  start();
  send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest")");
  send("0 connection.tune-ok channel_max=1 frame_max=131072 heartbeat=0");
  EXPECT_GT(peer_.unread_bytes(), 0u);
  reply(core::Authenticated{{"guest", ""}});
  EXPECT_EQ(peer_.unread_bytes(), 0u);
}

}  // namespace
}  // namespace naru::amqp091
