// Facts come back as they were, a snapshot of them brings back all that is durable, and what was
// cut, contradicts itself or comes from a newer Naru is refused as such.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/topology/catalog_fixture.h"

namespace naru::core {
namespace {

using message::Integer;
using message::Table;

using FactsTest = CatalogTest;

std::set<std::string> contents(const Catalog& catalog) {
  std::set<std::string> lines;
  catalog.each_tenant([&](TenantId id, const std::string& name) {
    lines.insert("tenant " + std::to_string(id.value) + name);
  });
  const auto encoded = [](const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    return std::string(as_text(bytes.view()));
  };
  catalog.each_exchange([&](const ExchangeInfo& i) { lines.insert(encoded(ExchangeCreated{i})); });
  catalog.each_queue([&](const QueueInfo& i) { lines.insert(encoded(QueueCreated{i})); });
  catalog.each_binding([&](const BindingInfo& i) { lines.insert(encoded(BindingCreated{i})); });
  catalog.each_user([&](const UserInfo& i) { lines.insert(encoded(UserPut{i})); });
  catalog.each_permission(
      [&](const PermissionInfo& i) { lines.insert(encoded(PermissionPut{i})); });
  lines.insert("reserved " + std::to_string(catalog.ids_reserved()));
  lines.insert("next tenant " + std::to_string(catalog.next_tenant().value));
  return lines;
}

TEST_F(FactsTest, ASnapshotBringsBackAllThatIsDurable) {
  apply(IdsReserved{4096});
  apply(TenantCreated{TenantId(7), "gone"});
  apply(TenantDeleted{TenantId(7)});
  const ExchangeId x = exchange("x", ExchangeType::headers, "spare");
  const ExchangeId y = exchange("y", ExchangeType::topic);
  const QueueId q = queue("q");
  apply(BindingCreated{edge(x, q, "key", {{"a", message::Value()}})});
  bind(y, x, "a.#");
  apply(UserPut{{"u", "hash", "administrator,monitoring"}});
  apply(PermissionPut{{"u", kTenant, "c", "w", "r"}});
  const auto durable = contents(catalog);

  const ExchangeId passing = exchange("passing", ExchangeType::fanout, {}, false);
  bind(passing, q);
  const QueueId mine = queue("mine", false, ConnectionId(9));
  bind(y, mine, "k");
  EXPECT_NE(contents(catalog), durable);

  ByteBuffer snapshot;
  catalog.encode_snapshot(snapshot);
  Events other_events;
  Catalog other(other_events);
  ASSERT_TRUE(other.apply(snapshot.view()));
  EXPECT_EQ(contents(other), durable);
  EXPECT_THAT(other_events.lines, testing::Contains("+q"));
  EXPECT_EQ(other.next_tenant(), TenantId(8));

  // And once more over what is there: the first fact empties the catalogue.
  ASSERT_TRUE(other.apply(snapshot.view()));
  EXPECT_EQ(contents(other), durable);
}

TEST_F(FactsTest, TheWorkedExampleOfTheFormatPageIsWhatIsWritten) {
  QueueInfo info;
  info.ref = {QueueId(9), GroupId(5)};
  info.tenant = kTenant;
  info.name = "jobs";
  info.durable = true;
  info.arguments = {{"x-expires", Integer{60'000, message::IntegerWidth::i32}}};
  ByteBuffer bytes;
  encode(bytes, QueueCreated{info});
  const std::vector<std::uint8_t> page{
      0x08, 0x01, 0x33, 0x00, 0x00, 0x00,                          //
      0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,              //
      0x05, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,              //
      0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,        //
      0x04, 0x6a, 0x6f, 0x62, 0x73,                                //
      0x01,                                                        //
      0x09, 0x78, 0x2d, 0x65, 0x78, 0x70, 0x69, 0x72, 0x65, 0x73,  //
      0x03, 0x04, 0x60, 0xea, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
  };
  EXPECT_EQ(std::vector<std::uint8_t>(bytes.view().begin(), bytes.view().end()), page);
}

TEST_F(FactsTest, FactsThatContradictEachOtherAreCorrupt) {
  const ExchangeId x = exchange("x", ExchangeType::fanout);
  const QueueId q = queue("q");
  QueueInfo twin = *catalog.find_queue(q);
  EXPECT_EQ(refusal(QueueCreated{twin}), Errc::corrupt);
  twin.ref.id = QueueId(99);
  EXPECT_EQ(refusal(QueueCreated{twin}), Errc::corrupt);
  twin.name = "new";
  twin.tenant = TenantId(9);
  EXPECT_EQ(refusal(QueueCreated{twin}), Errc::corrupt);
  EXPECT_EQ(refusal(ExchangeCreated{*catalog.find_exchange(x)}), Errc::corrupt);
  EXPECT_EQ(refusal(BindingCreated{edge(x, QueueId(77), "")}), Errc::corrupt);
  EXPECT_EQ(refusal(BindingCreated{edge(ExchangeId(77), q, "")}), Errc::corrupt);
  EXPECT_EQ(refusal(TenantCreated{kTenant, "again"}), Errc::corrupt);
  EXPECT_EQ(refusal(TenantCreated{TenantId(5), "/"}), Errc::corrupt);
  EXPECT_EQ(refusal(PermissionPut{{"nobody", kTenant, "", "", ""}}), Errc::corrupt);
}

TEST_F(FactsTest, AFactOfANewerNaruIsAVersionError) {
  ByteBuffer bytes;
  encode(bytes, TenantDeleted{kTenant});
  std::vector<std::uint8_t> newer(bytes.view().begin(), bytes.view().end());
  EXPECT_TRUE(check_facts(newer));
  newer[1] = 2;
  EXPECT_EQ(catalog.apply(newer).error().code, Errc::version);
  EXPECT_EQ(check_facts(newer).error().code, Errc::version);
  newer[1] = 1;
  newer[0] = 200;
  EXPECT_EQ(catalog.apply(newer).error().code, Errc::version);
  EXPECT_EQ(check_facts(newer).error().code, Errc::version);
}

TEST_F(FactsTest, FieldsAppendedToAFactAreSkipped) {
  ByteBuffer bytes;
  encode(bytes, TenantCreated{TenantId(3), "three"});
  bytes.append("later");
  bytes.patch_le32(2, static_cast<std::uint32_t>(bytes.size() - 6));
  encode(bytes, TenantCreated{TenantId(4), "four"});
  ASSERT_TRUE(catalog.apply(bytes.view()));
  EXPECT_EQ(catalog.find_tenant("three"), TenantId(3));
  EXPECT_EQ(catalog.find_tenant("four"), TenantId(4));
}

TEST_F(FactsTest, EveryCutOfAFactIsCorrupt) {
  ByteBuffer bytes;
  QueueInfo info;
  info.ref = {QueueId(50), GroupId(1)};
  info.tenant = kTenant;
  info.name = "cut";
  info.arguments = {{"x-expires", Integer{1}}};
  encode(bytes, QueueCreated{info});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const auto result = catalog.apply(bytes.view().first(size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, Errc::corrupt) << size;
  }
  EXPECT_EQ(catalog.find_queue(kTenant, "cut"), nullptr);
}

}  // namespace
}  // namespace naru::core
