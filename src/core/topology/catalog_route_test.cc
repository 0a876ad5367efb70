// Where a message goes: through bindings, cycles and alternates. Routes are asked for again after
// every change, as the danger is a cache that did not notice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "core/topology/catalog_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(CatalogTest, TheDefaultExchangeLeadsToTheQueueOfThatName) {
  const QueueId q = queue("q");
  EXPECT_THAT(route("", "q"), ElementsAre(q));
  EXPECT_THAT(route("", "nobody"), IsEmpty());
  apply(QueueDeleted{q});
  EXPECT_THAT(route("", "q"), IsEmpty());
}

TEST_F(CatalogTest, AMissingOrInternalExchangeIsAnError) {
  EXPECT_EQ(route_error("x"), (Error{Errc::not_found, "no exchange 'x' in vhost '/'"}));
  ExchangeInfo info;
  info.id = ExchangeId(1);
  info.tenant = kTenant;
  info.name = "i";
  info.internal = true;
  apply(ExchangeCreated{info});
  EXPECT_EQ(route_error("i"),
            (Error{Errc::access_refused, "cannot publish to internal exchange 'i' in vhost '/'"}));
}

TEST_F(CatalogTest, AQueueReachedTwiceGetsTheMessageOnce) {
  const ExchangeId x = exchange("x", ExchangeType::topic);
  const ExchangeId y = exchange("y", ExchangeType::fanout);
  const QueueId q = queue("q");
  bind(x, q, "a.*");
  bind(x, q, "*.b");
  bind(x, y, "#");
  bind(y, q);
  EXPECT_THAT(route("x", "a.b"), ElementsAre(q));
}

TEST_F(CatalogTest, ExchangesLeadThroughExchangesEvenInACircle) {
  const ExchangeId x = exchange("x", ExchangeType::direct);
  const ExchangeId y = exchange("y", ExchangeType::fanout);
  const ExchangeId z = exchange("z", ExchangeType::topic);
  const QueueId a = queue("a");
  const QueueId b = queue("b");
  bind(x, y, "k");
  bind(y, z);
  bind(z, x, "#");
  bind(x, a, "k");
  bind(z, b, "k.#");
  EXPECT_THAT(route("x", "k"), UnorderedElementsAre(a, b));
  EXPECT_THAT(route("y", "k"), UnorderedElementsAre(a, b));
  EXPECT_THAT(route("z", "other"), IsEmpty());
}

TEST_F(CatalogTest, AChangeFarDownTheChainIsSeenAtItsStart) {
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  const ExchangeId y = exchange("y", ExchangeType::fanout);
  const ExchangeId z = exchange("z", ExchangeType::fanout);
  bind(x, y);
  bind(y, z);
  EXPECT_THAT(route("x", ""), IsEmpty());
  const QueueId q = queue("q");
  bind(z, q);
  EXPECT_THAT(route("x", ""), ElementsAre(q));
  unbind(z, q);
  EXPECT_THAT(route("x", ""), IsEmpty());
  bind(z, q);
  EXPECT_THAT(route("x", ""), ElementsAre(q));
  apply(QueueDeleted{q});
  EXPECT_THAT(route("x", ""), IsEmpty());
}

TEST_F(CatalogTest, AnAlternateIsUsedOnlyWhereNothingMatched) {
  const ExchangeId x = exchange("x", ExchangeType::direct, "spare");
  const QueueId q = queue("q");
  const QueueId rest = queue("rest");
  bind(x, q, "k");
  EXPECT_THAT(route("x", "other"), IsEmpty());  // the alternate is not there yet
  const ExchangeId spare = exchange("spare", ExchangeType::fanout);
  EXPECT_THAT(route("x", "other"), IsEmpty());
  bind(spare, rest);
  EXPECT_THAT(route("x", "other"), ElementsAre(rest));
  EXPECT_THAT(route("x", "k"), ElementsAre(q));
  apply(ExchangeDeleted{spare});
  EXPECT_THAT(route("x", "other"), IsEmpty());
}

TEST_F(CatalogTest, AlternatesChainAndMayBeACircle) {
  exchange("x", ExchangeType::direct, "y");
  const ExchangeId y = exchange("y", ExchangeType::direct, "z");
  exchange("z", ExchangeType::direct, "x");
  const QueueId q = queue("q");
  EXPECT_THAT(route("x", "k"), IsEmpty());
  bind(y, q, "k");
  EXPECT_THAT(route("x", "k"), ElementsAre(q));
  EXPECT_THAT(route("z", "k"), ElementsAre(q));
}

TEST_F(CatalogTest, AFanoutsRouteIsKnownForEveryKeyUntilItDependsOnTheKey) {
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  const ExchangeId y = exchange("y", ExchangeType::direct);
  const QueueId q = queue("q");
  const QueueId r = queue("r");
  bind(x, q);
  EXPECT_THAT(route("x", "one"), ElementsAre(q));
  EXPECT_THAT(route("x", "two"), ElementsAre(q));
  bind(x, y);
  bind(y, r, "two");
  EXPECT_THAT(route("x", "one"), ElementsAre(q));
  EXPECT_THAT(route("x", "two"), UnorderedElementsAre(q, r));
}

TEST_F(CatalogTest, HeadersDecideEachMessageForItself) {
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  const ExchangeId h = exchange("h", ExchangeType::headers);
  const QueueId q = queue("q");
  bind(x, h);
  apply(BindingCreated{edge(h, q, "", {{"colour", std::string("red")}})});
  EXPECT_THAT(route("x", "", {{"colour", std::string("red")}}), ElementsAre(q));
  EXPECT_THAT(route("x", "", {{"colour", std::string("blue")}}), IsEmpty());
  EXPECT_THAT(route("x", "", {}), IsEmpty());
  const auto broken = catalog.route(kTenant, "x", "", as_bytes("\xff\xff"), &codec);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::malformed);
}

TEST_F(CatalogTest, RoutesAgreeWithASearchThroughRandomChanges) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    std::vector<ExchangeId> exchanges;
    std::vector<QueueId> queues;
    for (int i = 0; i < 6; ++i) {
      const std::string name = std::to_string(seed) + "x" + std::to_string(i);
      exchanges.push_back(exchange(name,
                                   random.one_in(2) ? ExchangeType::direct : ExchangeType::fanout,
                                   std::to_string(seed) + "x" + std::to_string(random.below(8))));
      queues.push_back(queue(std::to_string(seed) + "q" + std::to_string(i)));
    }
    std::vector<BindingInfo> edges;
    for (int round = 0; round < 300; ++round) {
      if (edges.empty() || random.below(5) < 3) {
        const ExchangeId source = exchanges[random.below(6)];
        const std::string key(1, static_cast<char>('a' + random.below(3)));
        edges.push_back(random.one_in(2) ? edge(source, exchanges[random.below(6)], key)
                                         : edge(source, queues[random.below(6)], key));
        if (catalog.has_binding(edges.back())) {
          edges.pop_back();
        } else {
          apply(BindingCreated{edges.back()});
        }
      } else {
        const auto at = edges.begin() + static_cast<std::ptrdiff_t>(random.below(edges.size()));
        apply(BindingDeleted{*at});
        edges.erase(at);
      }
      // The definition: follow edges from the start, alternates where no edge matched.
      const ExchangeInfo* start = catalog.find_exchange(exchanges[random.below(6)]);
      const std::string key(1, static_cast<char>('a' + random.below(3)));
      std::set<ExchangeId> seen{start->id};
      std::vector<const ExchangeInfo*> work{start};
      std::set<QueueId> expected;
      const auto go = [&](const ExchangeInfo* next) {
        if (next != nullptr && seen.insert(next->id).second) work.push_back(next);
      };
      while (!work.empty()) {
        const ExchangeInfo* at = work.back();
        work.pop_back();
        bool matched = false;
        for (const BindingInfo& e : edges) {
          if (e.source != at->id) continue;
          if (at->type == ExchangeType::direct && e.routing_key != key) continue;
          matched = true;
          if (e.to_exchange) {
            go(catalog.find_exchange(ExchangeId(e.destination)));
          } else {
            expected.insert(QueueId(e.destination));
          }
        }
        if (!matched) go(catalog.find_exchange(kTenant, at->alternate));
      }
      ASSERT_EQ(route(start->name, key), std::vector<QueueId>(expected.begin(), expected.end()))
          << "seed " << seed << " round " << round;
    }
  }
}

}  // namespace
}  // namespace naru::core
