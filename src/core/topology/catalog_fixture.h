#pragma once
/// A catalogue to apply facts to, for its tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/topology/catalog.h"
#include "core/topology/facts.h"

namespace naru::core {

inline constexpr TenantId kTenant{1};

struct Events final : Catalog::Listener {
  void on_queue_created(const QueueInfo& queue) override { lines.push_back("+" + queue.name); }
  void on_queue_deleted(const QueueInfo& queue) override { lines.push_back("-" + queue.name); }
  void on_tenant_deleted(TenantId, const std::string& name) override {
    lines.push_back("-tenant " + name);
  }
  void on_user_deleted(const std::string& name) override { lines.push_back("-user " + name); }
  std::vector<std::string> lines;
};

/// Headers as a table in Naru's own encoding.
struct TestCodec final : message::Codec {
  message::EncodingId id() const override { return message::EncodingId::none; }
  Result<message::Table> headers(ByteView header) const override {
    ByteReader in(header);
    return message::decode_table(in);
  }
};

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() { apply(TenantCreated{kTenant, "/"}); }

  void apply(const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    const auto result = catalog.apply(bytes.view());
    ASSERT_TRUE(result) << result.error().what;
  }
  Errc refusal(const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    const auto result = catalog.apply(bytes.view());
    return result ? Errc::ok : result.error().code;
  }

  ExchangeId exchange(std::string name, ExchangeType type, std::string alternate = {},
                      bool durable = true) {
    ExchangeInfo info;
    info.id = ExchangeId(++last_id);
    info.tenant = kTenant;
    info.name = std::move(name);
    info.type = type;
    info.durable = durable;
    if (!alternate.empty()) info.arguments.emplace_back("alternate-exchange", std::move(alternate));
    apply(ExchangeCreated{info});
    return info.id;
  }
  QueueId queue(std::string name, bool durable = true, ConnectionId owner = {}) {
    QueueInfo info;
    info.ref = {QueueId(++last_id), GroupId(static_cast<std::uint32_t>(1 + last_id % 3))};
    info.tenant = kTenant;
    info.name = std::move(name);
    info.durable = durable;
    info.exclusive_owner = owner;
    apply(QueueCreated{info});
    return info.ref.id;
  }
  static BindingInfo edge(ExchangeId source, QueueId to, std::string key,
                          message::Table arguments = {}) {
    return {source, false, to.value, std::move(key), std::move(arguments)};
  }
  static BindingInfo edge(ExchangeId source, ExchangeId to, std::string key) {
    return {source, true, to.value, std::move(key), {}};
  }
  void bind(ExchangeId source, auto to, std::string key = {}) {
    apply(BindingCreated{edge(source, to, std::move(key))});
  }
  void unbind(ExchangeId source, auto to, std::string key = {}) {
    apply(BindingDeleted{edge(source, to, std::move(key))});
  }

  /// Asked thrice, so that the answer comes from the walk, from the cache and from the last answer.
  std::vector<QueueId> route(std::string_view exchange, std::string_view key,
                             const message::Table& headers = {}) {
    ByteBuffer header;
    message::encode(header, headers);
    std::vector<QueueId> result;
    for (int i = 0; i < 3; ++i) {
      const auto found = catalog.route(kTenant, exchange, key, header.view(), &codec);
      EXPECT_TRUE(found) << found.error().what;
      std::vector<QueueId> queues;
      std::set<GroupId> lanes;
      for (const auto& targets : (*found)->lanes) {
        EXPECT_TRUE(lanes.insert(targets.lane).second);
        EXPECT_FALSE(targets.queues.empty());
        for (const QueueId id : targets.queues) {
          EXPECT_EQ(catalog.find_queue(id)->ref.lane, targets.lane);
          queues.push_back(id);
        }
      }
      std::sort(queues.begin(), queues.end());
      if (i > 0) {
        EXPECT_EQ(queues, result);
      }
      result = queues;
      // Something else between the first and the second, or the last answer would hide the cache.
      if (i == 0) {
        EXPECT_TRUE(catalog.route(kTenant, "", "nowhere", {}, nullptr));
      }
    }
    return result;
  }
  Error route_error(std::string_view exchange) {
    const auto found = catalog.route(kTenant, exchange, "", {}, &codec);
    EXPECT_FALSE(found);
    return found ? Error{} : found.error();
  }

  Events events;
  Catalog catalog{events};
  TestCodec codec;
  std::uint64_t last_id = 10;
};

}  // namespace naru::core
