// Worry: transcripts that pass because their language says nothing, or something else than meant.
#include "tests/wire/amqp091_text.h"

#include <gtest/gtest.h>

namespace naru::wire {
namespace {

std::string back(std::string_view line) {
  const std::string bytes = octets(line);
  const auto described = describe(as_bytes(bytes));
  EXPECT_TRUE(described);
  EXPECT_EQ(described->bytes, bytes.size());
  return described->line;
}

TEST(WireText, FramesReadBackAsTheyWereWritten) {
  for (const std::string_view line :
       {R"(1 queue.purge ticket=0 queue="a b" nowait=1)", R"(7 body "x\n\"y\"\\")", "0 heartbeat",
        R"(2 header size=3 headers={n:I -1, s:S "t", f:F {a:V}, l:A [t 1, B 255]} priority=4)",
        R"(0 connection.close reply_code=320 reply_text="a" failed_class=0 failed_method=0)"})
    EXPECT_EQ(back(line), line);
  EXPECT_EQ(back("raw 414d5150 00000901"), "raw 414d515000000901");
}

TEST(WireText, PublishIsMethodHeaderAndBody) {
  EXPECT_EQ(octets(R"(1 publish routing_key="q" body="hi" priority=1)"),
            octets(R"(1 basic.publish routing_key="q")") + octets("1 header size=2 priority=1") +
                octets(R"(1 body "hi")"));
}

TEST(WireText, MatchesWhatIsNamedAndNothingElse) {
  const std::string_view actual = R"(1 queue.declare-ok queue="amq.gen-x" message_count=0)";
  EXPECT_TRUE(matches("1 queue.declare-ok", actual));
  EXPECT_TRUE(matches(R"(1 queue.declare-ok queue="amq.gen-*")", actual));
  EXPECT_FALSE(matches("1 queue.declare-ok message_count=1", actual));
  EXPECT_FALSE(matches("2 queue.declare-ok", actual));
  EXPECT_FALSE(matches("1 queue.delete-ok", actual));
  EXPECT_FALSE(matches("1 queue.declare-ok consumer_count=0", actual));
}

TEST(WireText, SaysWhatIsWrongInALine) {
  ByteBuffer out;
  EXPECT_FALSE(append_line(out, "1 queue.declare colour=1"));
  EXPECT_FALSE(append_line(out, "1 queue.invent"));
  EXPECT_FALSE(append_line(out, "1 queue.purge queue=unquoted"));
  EXPECT_FALSE(append_line(out, "1 basic.qos prefetch_count=70000"));
  EXPECT_FALSE(append_line(out, "raw 0"));
  EXPECT_FALSE(append_line(out, "1 queue.declare arguments={x:Z 1}"));
}

}  // namespace
}  // namespace naru::wire
