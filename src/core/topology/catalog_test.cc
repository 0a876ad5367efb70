// The catalogue after facts: what is found by name and id, which bindings are one and what they go
// with, and who may do what.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/topology/catalog_fixture.h"

namespace naru::core {
namespace {

using message::Integer;
using message::IntegerWidth;
using message::Table;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(CatalogTest, ThingsAreFoundByNameWithinTheirTenant) {
  const QueueId q = queue("q");
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  EXPECT_EQ(catalog.find_tenant("/"), kTenant);
  EXPECT_EQ(catalog.find_tenant("other"), std::nullopt);
  ASSERT_NE(catalog.find_queue(kTenant, "q"), nullptr);
  EXPECT_EQ(catalog.find_queue(kTenant, "q")->ref.id, q);
  EXPECT_EQ(catalog.find_queue(q)->name, "q");
  EXPECT_EQ(catalog.find_exchange(kTenant, "x")->id, x);
  EXPECT_EQ(catalog.find_queue(kTenant, "x"), nullptr);
  EXPECT_EQ(catalog.find_queue(TenantId(2), "q"), nullptr);
}

TEST_F(CatalogTest, TheListenerHearsOfQueuesBeforeTheyGo) {
  const QueueId q = queue("q");
  apply(QueueDeleted{q});
  apply(QueueDeleted{q});
  EXPECT_THAT(events.lines, ElementsAre("+q", "-q"));
  EXPECT_EQ(catalog.find_queue(kTenant, "q"), nullptr);
}

TEST_F(CatalogTest, ADeletedTenantTakesAllWithIt) {
  const QueueId q = queue("q");
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  bind(x, q);
  apply(UserPut{{"u", "", ""}});
  apply(PermissionPut{{"u", kTenant, ".*", ".*", ".*"}});
  events.lines.clear();
  apply(TenantDeleted{kTenant});
  EXPECT_EQ(catalog.find_tenant("/"), std::nullopt);
  EXPECT_EQ(catalog.find_queue(q), nullptr);
  EXPECT_EQ(catalog.find_exchange(x), nullptr);
  EXPECT_FALSE(catalog.may_enter({"u", ""}, kTenant));
  EXPECT_THAT(events.lines, ElementsAre("-q", "-tenant /"));
}

TEST_F(CatalogTest, AConnectionsExclusiveQueuesAreListed) {
  const ConnectionId owner(5);
  queue("shared", false);
  const QueueId mine = queue("mine", false, owner);
  queue("other's", false, ConnectionId(6));
  std::vector<QueueId> found;
  catalog.each_exclusive(owner, [&](const QueueInfo& info) { found.push_back(info.ref.id); });
  EXPECT_THAT(found, ElementsAre(mine));
  apply(QueueDeleted{mine});
  catalog.each_exclusive(owner, [&](const QueueInfo&) { FAIL(); });
}

TEST_F(CatalogTest, SettingsForTheLaneComeFromTheArguments) {
  QueueInfo info;
  info.ref = {QueueId(1), GroupId(1)};
  info.tenant = kTenant;
  info.name = "q";
  info.durable = true;
  info.auto_delete = true;
  info.arguments = {{"x-message-ttl", Integer{5000, IntegerWidth::i32}}, {"x-expires", Integer{7}}};
  apply(QueueCreated{info});
  const QueueSettings& settings = catalog.find_queue(QueueId(1))->settings;
  EXPECT_TRUE(settings.durable);
  EXPECT_TRUE(settings.auto_delete);
  EXPECT_EQ(settings.message_ttl_ms, 5000U);
  EXPECT_EQ(settings.expires_ms, 7U);
}

// ---- Bindings ----

TEST_F(CatalogTest, ABindingIsOneHoweverOftenItIsMade) {
  const QueueId q = queue("q");
  const ExchangeId x = exchange("x", ExchangeType::direct);
  bind(x, q, "k");
  bind(x, q, "k");
  EXPECT_EQ(catalog.binding_count(x), 1U);
  unbind(x, q, "k");
  EXPECT_EQ(catalog.binding_count(x), 0U);
  EXPECT_THAT(route("x", "k"), IsEmpty());
}

TEST_F(CatalogTest, BindingsThatDifferInArgumentsAreTwo) {
  const QueueId q = queue("q");
  const ExchangeId x = exchange("x", ExchangeType::direct);
  const Table one{{"a", Integer{1}}, {"b", true}};
  const Table same{{"b", true}, {"a", Integer{1}}};
  const Table two{{"a", Integer{2}}, {"b", true}};
  apply(BindingCreated{edge(x, q, "k", one)});
  apply(BindingCreated{edge(x, q, "k", same)});
  EXPECT_EQ(catalog.binding_count(x), 1U);
  apply(BindingCreated{edge(x, q, "k", two)});
  apply(BindingCreated{edge(x, q, "k")});
  EXPECT_EQ(catalog.binding_count(x), 3U);
  EXPECT_TRUE(catalog.has_binding(edge(x, q, "k", same)));
  apply(BindingDeleted{edge(x, q, "k", same)});
  EXPECT_FALSE(catalog.has_binding(edge(x, q, "k", one)));
  EXPECT_EQ(route("x", "k").size(), 1U);
}

TEST_F(CatalogTest, ABindingGoesWithItsQueueAndWithItsExchange) {
  const QueueId q = queue("q");
  const ExchangeId x = exchange("x", ExchangeType::topic);
  const ExchangeId y = exchange("y", ExchangeType::fanout);
  bind(x, q, "a.#");
  bind(x, y, "#");
  bind(y, q);
  apply(ExchangeDeleted{y});
  EXPECT_EQ(catalog.binding_count(x), 1U);
  apply(QueueDeleted{q});
  EXPECT_EQ(catalog.binding_count(x), 0U);
  EXPECT_THAT(route("x", "a"), IsEmpty());
}

TEST_F(CatalogTest, DeletingAQueueWithManyBindingsLeavesTheOthers) {
  const ExchangeId x = exchange("x", ExchangeType::topic);
  const QueueId many = queue("many");
  const QueueId one = queue("one");
  bind(x, one, "1.key");
  for (int i = 0; i < 3000; ++i) bind(x, many, std::to_string(i) + ".key");
  EXPECT_THAT(route("x", "1.key"), UnorderedElementsAre(many, one));
  apply(QueueDeleted{many});
  EXPECT_EQ(catalog.binding_count(x), 1U);
  EXPECT_THAT(route("x", "1.key"), ElementsAre(one));
}

// ---- Security ----

TEST_F(CatalogTest, PermissionsAreAskedByActionTenantAndName) {
  apply(UserPut{{"u", "", "monitoring"}});
  const security::Principal who{"u", "monitoring"};
  EXPECT_FALSE(catalog.may_enter(who, kTenant));
  EXPECT_FALSE(catalog.authorize(who, kTenant, security::Action::read, "q"));
  apply(PermissionPut{{"u", kTenant, "", "^amq\\.default$", "^q"}});
  EXPECT_TRUE(catalog.may_enter(who, kTenant));
  EXPECT_FALSE(catalog.may_enter(who, TenantId(2)));
  EXPECT_FALSE(catalog.authorize(who, kTenant, security::Action::configure, "q"));
  EXPECT_TRUE(catalog.authorize(who, kTenant, security::Action::write, ""));
  EXPECT_FALSE(catalog.authorize(who, kTenant, security::Action::write, "q"));
  EXPECT_TRUE(catalog.authorize(who, kTenant, security::Action::read, "queue"));
  apply(PermissionDeleted{"u", kTenant});
  EXPECT_FALSE(catalog.may_enter(who, kTenant));
}

TEST_F(CatalogTest, MemoryIsCountedForEachThingAndGivenBackWithIt) {
  const std::size_t before = catalog.memory_bytes();
  std::size_t held = before;
  const auto grows = [&] {
    const std::size_t last = std::exchange(held, catalog.memory_bytes());
    return held > last;
  };
  for (const auto type :
       {ExchangeType::direct, ExchangeType::fanout, ExchangeType::topic, ExchangeType::headers}) {
    const std::string name(to_string(type));
    const ExchangeId from = exchange(name, type);
    EXPECT_TRUE(grows()) << "an exchange";
    const QueueId to = queue(name);
    EXPECT_TRUE(grows()) << "a queue";
    apply(BindingCreated{edge(from, to, "k")});
    EXPECT_TRUE(grows()) << "a binding of a " << name << " exchange";
  }
  queue(std::string(200, 'n'));
  EXPECT_GT(catalog.memory_bytes(), held + 180) << "its name";
  EXPECT_TRUE(grows());
  apply(UserPut{{"u", "", ""}});
  EXPECT_TRUE(grows()) << "a user";
  apply(TenantCreated{TenantId(2), "other"});
  EXPECT_TRUE(grows()) << "a tenant";
  apply(UserDeleted{"u"});
  apply(TenantDeleted{TenantId(2)});
  for (std::uint64_t id = 1; id <= last_id; ++id) {
    apply(QueueDeleted{QueueId(id)});
    apply(ExchangeDeleted{ExchangeId(id)});
  }
  EXPECT_EQ(catalog.memory_bytes(), before);
}

TEST_F(CatalogTest, TextsOfUsersPermissionsAndTenantsAreCounted) {
  const TenantId other{2};
  apply(TenantCreated{other, "other"});
  const std::size_t before = catalog.memory_bytes();
  std::size_t held = before;
  const auto grown = [&] {
    const std::size_t last = std::exchange(held, catalog.memory_bytes());
    return static_cast<std::ptrdiff_t>(held) - static_cast<std::ptrdiff_t>(last);
  };
  const auto near = [](std::ptrdiff_t bytes) {
    return testing::AllOf(testing::Ge(bytes), testing::Le(bytes + bytes / 4));
  };
  const std::string text(1000, 't');
  apply(UserPut{{"u", text, ""}});
  EXPECT_THAT(grown(), near(1200)) << "a user with its hash";
  apply(UserPut{{"u", "", text + text}});
  EXPECT_THAT(grown(), near(1000)) << "tags instead";
  apply(PermissionPut{{"u", kTenant, text, text, text}});
  EXPECT_THAT(grown(), near(3200)) << "a permission";
  apply(PermissionPut{{"u", other, text, text, text}});
  EXPECT_THAT(grown(), near(3200)) << "a further one";
  apply(PermissionPut{{"u", other, text, ".*", text + text}});
  EXPECT_EQ(grown(), -1) << "other patterns: one text's end less";
  apply(PermissionPut{{"u", other, ".*", ".*", ".*"}});
  EXPECT_LE(grown(), -3000) << "short patterns";
  const std::size_t with_one_less = held;
  apply(PermissionDeleted{"u", kTenant});
  EXPECT_LE(grown(), -3200);
  apply(PermissionDeleted{"u", kTenant});
  EXPECT_EQ(grown(), 0) << "it was gone";
  apply(PermissionPut{{"u", kTenant, text, text, text}});
  EXPECT_EQ(catalog.memory_bytes(), with_one_less);
  apply(UserPut{{"u", "", ""}});
  apply(UserDeleted{"u"});
  EXPECT_EQ(catalog.memory_bytes(), before);

  apply(UserPut{{"u", "", text}});
  held = catalog.memory_bytes();
  apply(TenantCreated{TenantId(3), text});
  EXPECT_THAT(grown(), near(1100)) << "a vhost with a long name";
  const std::size_t without = held;
  apply(PermissionPut{{"u", TenantId(3), text, text, text}});
  apply(TenantDeleted{TenantId(3)});
  EXPECT_LE(catalog.memory_bytes(), without - 1000) << "it and the permissions there";
  EXPECT_GE(catalog.memory_bytes(), before + 1000) << "not the user";
  apply(PermissionPut{{"u", other, text, text, text}});
  apply(SnapshotBegun{});
  apply(TenantCreated{kTenant, "/"});
  apply(TenantCreated{other, "other"});
  EXPECT_EQ(catalog.memory_bytes(), before) << "all of it";
}

TEST_F(CatalogTest, AUserKeepsItsPermissionsWhenItsPasswordChangesAndLosesThemWhenDeleted) {
  apply(UserPut{{"u", "one", ""}});
  apply(PermissionPut{{"u", kTenant, ".*", ".*", ".*"}});
  apply(UserPut{{"u", "two", "administrator"}});
  EXPECT_EQ(catalog.find_user("u")->password_hash, "two");
  EXPECT_TRUE(catalog.may_enter({"u", ""}, kTenant));
  apply(UserDeleted{"u"});
  EXPECT_EQ(catalog.find_user("u"), nullptr);
  EXPECT_EQ(events.lines, std::vector<std::string>{"-user u"});
  apply(UserPut{{"u", "three", ""}});
  EXPECT_FALSE(catalog.may_enter({"u", ""}, kTenant));
}

}  // namespace
}  // namespace naru::core
