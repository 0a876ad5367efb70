// Snapshots that are made over several turns, while the lane goes on. Whatever happens between two
// pieces: the snapshot, and the entries behind what it covers, are the state.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/queue/lane_facts.h"
#include "core/queue/lane_fixture.h"
#include "core/queue/lane_model_records.h"
#include "core/queue/lane_snapshot.h"

namespace naru::core {
namespace {

/// Pages of eight records, and no memory for them.
Lane::Options tiny_pages() {
  Lane::Options options;
  options.page_records = 8;
  options.index_bytes = 0;
  return options;
}

/// About so many bytes: a few chunks of eight records.
constexpr std::size_t kPiece = 100;

void publish(LaneWorld& world, std::uint64_t queue, int count) {
  for (int i = 0; i < count; ++i) world.publish(queue, "body");
}

void finish(LaneWorld& world) {
  while (world.journal->is_in_snapshot()) world.journal->go_on_with_snapshot(kPiece);
}

#define EXPECT_SAME_AFTER_REPLAY(world) \
  EXPECT_EQ((world).journal->state_now(), (world).replayed_state())

TEST(LaneSnapshot, APieceIsSmallHoweverMuchThereIs) {
  LaneWorld world;
  for (std::uint64_t id = 1; id <= 300; ++id) world.queue(id);
  publish(world, 7, 20'000);
  for (std::uint64_t id = 1; id <= 300; ++id) publish(world, id, 3);
  world.run();
  const auto job = world.lane->begin_snapshot();
  std::size_t pieces = 0;
  for (bool last = false; !last; ++pieces) {
    ByteBuffer piece;
    last = job->next(4096, piece);
    // What it may be too large by is one chunk: 512 records.
    EXPECT_LE(piece.size(), 4096u + 512 * 8);
  }
  EXPECT_GT(pieces, 30u);
}

TEST(LaneSnapshot, AQueueIsAsOfThePieceThatItIsIn) {
  LaneWorld world;
  for (std::uint64_t id = 1; id <= 2; ++id) {
    world.queue(id);
    ASSERT_TRUE(world.consume(id, static_cast<std::uint32_t>(id)));
    publish(world, id, 40);
  }
  world.run();
  do {
    world.journal->go_on_with_snapshot(kPiece);
    for (std::uint64_t id = 1; id <= 2; ++id) {
      publish(world, id, 1);
      world.run();
      const std::uint64_t newest = world.take().back().seq.value;
      world.settle(id, newest - 30, newest - 29);
      world.requeue(id, newest - 25, newest - 20);  // each return counts
      world.run();
    }
    EXPECT_SAME_AFTER_REPLAY(world);
  } while (world.journal->is_in_snapshot());
  EXPECT_SAME_AFTER_REPLAY(world);
}

TEST(LaneSnapshot, OneThatACrashInterruptsNeverWas) {
  LaneWorld world;
  world.queue(1);
  publish(world, 1, 100);
  world.run();
  world.journal->save_snapshot();
  publish(world, 1, 100);
  world.run();
  world.journal->go_on_with_snapshot(kPiece);
  ASSERT_TRUE(world.journal->is_in_snapshot());
  const auto before = world.journal->state_now();
  world.crash();
  EXPECT_EQ(world.journal->state_now(), before);
}

TEST(LaneSnapshot, QueuesThatComeMeanwhileAreInTheEntriesBehindIt) {
  LaneWorld world;
  world.queue(1);
  world.queue(5);  // there, and empty
  publish(world, 1, 100);
  world.run();
  world.journal->go_on_with_snapshot(kPiece);
  world.queue(3);
  publish(world, 3, 10);
  publish(world, 5, 10);
  world.run();
  finish(world);
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.stats(3).ready, 10u);
  EXPECT_EQ(world.stats(5).ready, 10u);
}

TEST(LaneSnapshot, QueuesThatGoMeanwhileAreGone) {
  for (const std::uint64_t gone : {1u, 2u, 3u}) {  // passed, half of it given out, still to come
    LaneWorld world;
    for (std::uint64_t id = 1; id <= 3; ++id) {
      world.queue(id);
      publish(world, id, id == 2 ? 200 : 20);
    }
    world.run();
    for (int piece = 0; piece < 6; ++piece) world.journal->go_on_with_snapshot(kPiece);
    ASSERT_TRUE(world.journal->is_in_snapshot());
    world.delete_queue(gone);
    world.run();
    finish(world);
    EXPECT_SAME_AFTER_REPLAY(world);
    world.crash();
    EXPECT_EQ(world.journal->live_bodies(), gone == 2 ? 40 : 220);
  }
}

/// The places of the first queue of a snapshot that has no pages, and whether more of it follows.
std::vector<RecordPlace> places_in(ByteView snapshot, bool& more) {
  ByteReader in(snapshot.subspan(6));  // version, length, kind
  for (int i = 0; i < 3; ++i) in.varint();
  more = in.u8() == kMoreOfQueue;
  in.varint();
  in.varint();
  EXPECT_EQ(in.varint(), 0u) << "pages";
  std::vector<RecordPlace> places(in.varint());
  PlaceReader reader(in);
  for (RecordPlace& place : places) EXPECT_TRUE(reader.next(place));
  return places;
}

TEST(LaneSnapshot, APageMayTakeBackWhatWasSaidOfItsRecords) {
  LaneWorld world;
  world.queue(1);
  publish(world, 1, 300);
  world.run();
  bool more = false;
  const std::vector<RecordPlace> all = places_in(world.journal->state_now(), more);
  ASSERT_EQ(all.size(), 300u);
  world.journal->go_on_with_snapshot(600);
  const std::size_t cut = places_in(world.journal->growing_snapshot(), more).size();
  ASSERT_TRUE(more && cut > 10 && cut < 290);

  // A page with records of both parts, as some other owner might log it.
  ByteBuffer page;
  put_page_places(page, std::span(all).subspan(cut - 5, 10));
  ByteBuffer entry;
  entry.u8(kLaneEntryVersion);
  entry.u8(0);
  entry.u8(0);
  put_page(entry, QueueId(1), page.view());
  ASSERT_TRUE(world.journal->append(LaneWorld::kLane, entry.view(), Urgency::now, {}));
  world.journal->commit();
  ASSERT_EQ(world.lane->memory().pages, 1u);
  finish(world);
  EXPECT_SAME_AFTER_REPLAY(world);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.settle(1, cut - 7, cut);
  world.run();
  EXPECT_SAME_AFTER_REPLAY(world);
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 292u);
}

TEST(LaneSnapshot, AnAtomicRunIsBeforeAPieceOrBehindIt) {
  LaneWorld world;
  world.queue(1);
  world.queue(2);
  publish(world, 1, 100);
  publish(world, 2, 100);
  world.run();
  world.journal->bytes_max = 2000;
  world.journal->go_on_with_snapshot(kPiece);
  world.lane->atomic_begin();
  for (int i = 0; i < 20; ++i) world.publish_to({1, 2}, {std::string(300, 'x')});
  world.lane->atomic_end();
  world.flush();
  while (world.journal->uncommitted() != 0) {
    world.journal->go_on_with_snapshot(kPiece);
    EXPECT_SAME_AFTER_REPLAY(world);
    world.journal->commit(1);
  }
  finish(world);
  EXPECT_SAME_AFTER_REPLAY(world);
}

/// Random work on queues that come and go, always in the middle of a snapshot.
class Work {
 public:
  explicit Work(std::uint64_t seed) : random_(seed), world_(draw_options()) {
    if (random_.one_in(2)) world_.journal->bytes_max = 2048;
    for (int i = 0; i < 4; ++i) create();
  }

  void step() {
    const std::uint64_t dice = random_.below(100);
    if (dice < 30) return publish();
    if (dice < 60) return end_leases();
    if (dice < 62) return create();
    if (dice < 64 && queues_.size() > 2) return drop();
    if (dice < 66) return (void)world_.lane->purge(QueueId(some_queue()));
    if (dice < 85) return turn();
    world_.journal->go_on_with_snapshot(random_.below(300));
    EXPECT_SAME_AFTER_REPLAY(world_);
    if (random_.one_in(20)) crash();
  }

 private:
  Lane::Options draw_options() {
    Lane::Options options = draw_lane_options(random_);
    if (random_.one_in(2)) options = tiny_pages();
    return options;
  }
  std::uint64_t some_queue() { return queues_[random_.below(queues_.size())]; }

  void create() {
    queues_.push_back(++last_queue_);
    const auto level =
        random_.one_in(4) ? message::Durability::interval : message::Durability::fsync;
    world_.queue(last_queue_, {.durable = true, .durability = level});
    consume(last_queue_);
  }
  void consume(std::uint64_t queue) {
    if (random_.one_in(2)) return;  // its index goes to the log
    ASSERT_TRUE(world_.consume(queue, ++last_consumer_, {.prefetch = 20}));
    queue_of_[last_consumer_] = queue;
  }
  void drop() {
    const std::uint64_t queue = some_queue();
    std::erase(queues_, queue);
    world_.delete_queue(queue);
    world_.run();  // until then a replay knows more of it than the lane
    std::erase_if(leased_, [&](const auto& lease) { return lease.first == queue; });
  }
  void publish() {
    const bool atomic = random_.one_in(4);
    if (atomic) world_.lane->atomic_begin();
    for (std::uint64_t left = random_.below(40); left > 0; --left) {
      std::vector<std::uint64_t> to{some_queue()};
      if (const std::uint64_t more = some_queue(); more != to[0]) to.push_back(more);
      world_.publish_to(to, {std::string(random_.below(60), 'x'), !random_.one_in(8)});
    }
    if (atomic) world_.lane->atomic_end();
  }
  void end_leases() {
    for (const Received& it : world_.take()) {
      const std::uint64_t queue = queue_of_.at(it.consumer.handle.value);
      if (std::ranges::find(queues_, queue) != queues_.end()) leased_.insert({queue, it.seq.value});
    }
    for (std::uint64_t left = random_.below(6); left > 0 && !leased_.empty(); --left) {
      auto at = leased_.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random_.below(leased_.size())));
      const auto [queue, seq] = *at;
      leased_.erase(at);
      random_.one_in(2) ? world_.settle(queue, seq) : world_.requeue(queue, seq);
    }
  }
  void turn() {
    world_.flush();
    if (random_.one_in(3)) world_.journal->write();
    world_.journal->commit(random_.below(4));
    world_.journal->complete_reads();
  }
  void crash() {
    world_.crash(random_.below(3));
    world_.take();
    leased_.clear();
    for (const std::uint64_t queue : queues_) consume(queue);
  }

  Random random_;
  LaneWorld world_;
  std::vector<std::uint64_t> queues_;
  std::map<std::uint32_t, std::uint64_t> queue_of_;  // by consumer
  std::set<std::pair<std::uint64_t, std::uint64_t>> leased_;
  std::uint64_t last_queue_ = 0;
  std::uint32_t last_consumer_ = 0;
};

TEST(LaneSnapshot, EqualsAReplayWhateverHappensMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Work work(seed);
    for (int step = 0; step < 300; ++step) work.step();
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace naru::core
