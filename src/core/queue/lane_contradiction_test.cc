// Entries of an earlier run that are whole and readable, and cannot all be so. What worries us: a
// broker that dies of them at every start without a word, or starts from one of two truths.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

constexpr ChainId kChain{std::uint64_t{1} << 32 | 1};

using Damage = std::vector<std::string>;

/// A lane whose start is under way: it owns nothing yet. What it is given is damage, or is not.
class LaneContradiction : public testing::Test {
 protected:
  LaneContradiction() { lane_.create_queue(QueueId(1), {.durable = true}); }

  /// An entry of what put(out) writes, as the log brings it back.
  template <typename Put>
  Damage replay(Put&& put) {
    ByteBuffer out;
    put_entry_head(out, false);
    put(out);
    EXPECT_TRUE(lane_.check(out.view()));
    const Entry entry{.group = GroupId(3),
                      .term = Term(1),
                      .index = Index(++index_),
                      .payload = out.view(),
                      .location = {1, static_cast<std::uint32_t>(4096 * index_)}};
    lane_.apply({&entry, 1});
    return std::exchange(journal_.damage, {});
  }
  Damage enqueue(std::uint64_t seq) {
    return replay([&](ByteBuffer& out) {
      ByteBuffer front;
      put_enqueue(out, target(seq), message::RunEncoder(record_, front), as_bytes("body"));
    });
  }
  Damage enqueue_large(std::uint64_t seq, std::uint64_t bytes) {
    return replay([&](ByteBuffer& out) {
      ByteBuffer front;
      put_enqueue_chain(out, target(seq), message::RunEncoder(record_, front), kChain, bytes);
    });
  }
  Damage fragment(std::string_view text) {
    return replay([&](ByteBuffer& out) { put_fragment(out, kChain, as_bytes(text)); });
  }
  std::vector<EnqueueTarget> target(std::uint64_t seq) {
    return {{QueueId(1), Seq(seq), 0, false}};
  }

  TestingJournal journal_;
  RecordingSink sink_;
  Lane lane_{GroupId(3), journal_, sink_, {}};
  message::RecordView record_;
  std::uint64_t index_ = 0;
};

TEST_F(LaneContradiction, ARecordBehindALaterOneIsRefused) {
  ASSERT_EQ(enqueue(1), Damage());
  ASSERT_EQ(enqueue(5), Damage());
  EXPECT_EQ(enqueue(4), Damage{"a record of a queue that is not behind those before it"});
}

TEST_F(LaneContradiction, ARecordThatComesAgainIsRefused) {
  ASSERT_EQ(enqueue(1), Damage());
  EXPECT_EQ(enqueue(1).size(), 1u);
}

TEST_F(LaneContradiction, ALargeMessageHasAllOfItsParts) {
  EXPECT_EQ(enqueue_large(1, 10), Damage{"a large message without all of its parts"});
}

TEST_F(LaneContradiction, ALargeMessageIsAsLongAsItsParts) {
  ASSERT_EQ(fragment("hello"), Damage());
  EXPECT_EQ(enqueue_large(1, 6), Damage{"a large message without all of its parts"});
}

TEST_F(LaneContradiction, ALargeMessageThatIsWholeDoesNotGrow) {
  ASSERT_EQ(fragment("hello"), Damage());
  ASSERT_EQ(enqueue_large(1, 5), Damage());
  EXPECT_EQ(fragment("more"), Damage{"a part of a large message that was whole already"});
}

// What the rest of the entry says is not looked at any more: it may settle what never was.
TEST_F(LaneContradiction, NothingIsAppliedBehindIt) {
  const auto applied = replay([&](ByteBuffer& out) {
    ByteBuffer front;
    const message::RunEncoder record(record_, front);
    put_enqueue_chain(out, target(1), record, kChain, 10);
    put_enqueue(out, target(2), record, as_bytes("body"));
    const std::vector<SeqRange> both = {{Seq(1), Seq(2)}};
    put_ranges(out, FactType::settle, QueueId(1), both);
  });
  EXPECT_EQ(applied.size(), 1u);
  EXPECT_EQ(lane_.stats(QueueId(1))->ready, 0u);
}

}  // namespace
}  // namespace naru::core
