// What worries us: a limit that silently does not hold, and a log that is flooded by saying so.
#include "core/topology/not_in_effect.h"

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using message::Integer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(MetadataTest, WhatHasNoEffectYetIsToldOfEachQueue) {
  NotInEffectLog notes(log);
  EXPECT_EQ(not_in_effect({{"x-expires", Integer{5000}}, {"x-mine", true}}),
            std::vector<std::string>());
  const auto arguments =
      not_in_effect({{"x-max-length", Integer{5}}, {"x-overflow", std::string("drop-head")}});
  notes.on_declared("queue 'q' in vhost '/', declared by user 'u',", arguments, TimePoint());
  EXPECT_THAT(log.lines, ElementsAre("queue 'q' in vhost '/', declared by user 'u', has arguments "
                                     "that are kept and not yet in effect: x-max-length, "
                                     "x-overflow"));
}

TEST_F(MetadataTest, OfManyQueuesAMinuteAFewAreToldAndThatThereAreMore) {
  NotInEffectLog notes(log);
  TimePoint now{};
  for (int i = 0; i < 1000; ++i) notes.on_declared("queue", {"x-max-length"}, now);
  EXPECT_EQ(log.lines.size(), 21u);
  EXPECT_THAT(log.lines.back(), HasSubstr("`naru queue list` shows all"));
  now += std::chrono::minutes(1);
  notes.on_declared("queue 'later'", {"x-max-length"}, now);
  EXPECT_EQ(log.lines.size(), 22u);
  EXPECT_THAT(log.lines.back(), HasSubstr("queue 'later' has"));
}

TEST_F(MetadataTest, ARestartSumsUpWhatIsThere) {
  NotInEffectLog notes(log);
  run(durable("fine", {{"x-expires", Integer{5000}}}));
  notes.on_recovered(catalog);
  EXPECT_THAT(log.lines, ElementsAre());
  run(durable("a", {{"x-max-length", Integer{5}}}));
  run(durable("b", {{"x-max-priority", Integer{5}}}));
  notes.on_recovered(catalog);
  EXPECT_THAT(log.lines,
              ElementsAre("2 of the queues that were there before have arguments that are kept and "
                          "not yet in effect, for example queue 'a' in vhost '/': x-max-length; "
                          "`naru queue list` shows all"));
}

}  // namespace
}  // namespace naru::core
