// Frames that come piece by piece. Worry: a message that depends on where it is cut, octets that
// stay unread, the rest of a frame that nobody wants any more.
#include <gmock/gmock.h>

#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A message in body frames that are taken as they come.
class Parts : public SessionTest {
 protected:
  Parts() : SessionTest({.body_part_bytes_min = 4}) {
    connect();
    open_channel();
  }
};

TEST_F(Parts, AMessageIsTheSameWhereverItIsCut) {
  const std::string octets = wire::octets(R"(1 basic.publish routing_key="k")") +
                             wire::octets("1 header size=12") + wire::octets(R"(1 body "abcde")") +
                             wire::octets(R"(1 body "fghijkl")") +
                             wire::octets(R"(1 publish routing_key="next" body="m")");
  for (std::size_t cut = 1; cut < octets.size(); ++cut) {
    for (std::size_t next = cut; next <= octets.size(); next += 3) {
      peer_.send(octets.substr(0, cut));
      peer_.send(octets.substr(cut, next - cut));
      peer_.send(octets.substr(next));
      EXPECT_EQ(asked(),
                (Lines{"publish 1 seq=0 ''->'k' 'abcdefghijkl'", "publish 1 seq=0 ''->'next' 'm'"}))
          << cut << ' ' << next;
      ASSERT_EQ(peer_.unread_bytes(), 0u);
    }
  }
}

TEST_F(Parts, OfALargeFrameNothingStaysUnread) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=1000");
  const std::string octets = wire::octets("1 body \"" + std::string(1000, 'x') + "\"");
  peer_.send(octets.substr(0, 600));
  EXPECT_EQ(peer_.unread_bytes(), 0u);
  EXPECT_EQ(peer_.session().memory().let_in, 2u + 593u) << "properties and body";
  EXPECT_THAT(asked(), IsEmpty());
  peer_.send(octets.substr(600, 407));
  EXPECT_THAT(asked(), IsEmpty()) << "the frame's end has not come";
  peer_.send(octets.substr(1007));
  EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(Parts, AFrameThatEndsBadlyEndsTheConnection) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=1000");
  std::string octets = wire::octets("1 body \"" + std::string(1000, 'x') + "\"");
  octets.back() = 'x';
  peer_.send(octets.substr(0, 600));
  peer_.send(octets.substr(600));
  EXPECT_THAT(asked(), Not(Contains(HasSubstr("publish"))));
  const Lines lines = said();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("501"));
  EXPECT_THAT(lines[0], HasSubstr("{invalid_frame_end_marker,120}"));
}

TEST_F(Parts, TheRestOfAFrameIsDroppedWhenItsChannelHasFailed) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=1000");
  const std::string octets = wire::octets("1 body \"" + std::string(1000, 'x') + "\"");
  peer_.send(octets.substr(0, 600));
  peer_.event(core::PublishRefused{core::ChannelId(1), 0, {Errc::not_found, "no exchange"}});
  said();
  asked();
  peer_.send(octets.substr(600));
  send("1 channel.close-ok");
  open_channel();
  send(R"(1 publish routing_key="k" body="m")");
  EXPECT_EQ(asked(), Lines{"publish 2 seq=0 ''->'k' 'm'"});
}

TEST_F(Parts, TheRestOfAFrameIsDroppedWhenTheConnectionIsClosed) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=100000");
  const std::string octets = wire::octets("1 body \"" + std::string(100'000, 'x') + "\"");
  peer_.send(octets.substr(0, 60'000));
  peer_.event(core::CloseRequested{Errc::unavailable, "broker shutdown"});
  said();
  peer_.send(octets.substr(60'000));
  send("0 connection.close-ok");
  EXPECT_TRUE(peer_.closed());
  EXPECT_THAT(asked(), Not(Contains(HasSubstr("publish"))));
}

TEST_F(Parts, MoreThanWasAnnouncedIsRefusedAtItsHead) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=10");
  const std::string octets = wire::octets("1 body \"" + std::string(1000, 'x') + "\"");
  peer_.send(octets.substr(0, 20));
  const Lines lines = said();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("exceeds remaining content size"));
}

}  // namespace
}  // namespace naru::amqp091
