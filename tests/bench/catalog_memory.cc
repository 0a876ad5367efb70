// What queues, exchanges, bindings, users and tenants cost in memory, against what the catalogue
// says (Catalog::memory_bytes): bytes that the broker's allocator has given out for so many of
// them, size classes and the tables' empty places included. Exit: 1 when an estimate is further off
// than docs/memory.md says.
//
//   naru_catalog_memory [COUNT]      100000 of each when not said

#include <fmt/core.h>
#include <jemalloc/jemalloc.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "core/topology/catalog.h"
#include "core/topology/facts.h"

namespace {

using namespace naru;        // NOLINT: a program of its own
using namespace naru::core;  // NOLINT

constexpr double kOffMax = 0.25;
constexpr TenantId kTenant{1};

struct Nobody final : Catalog::Listener {
  void on_queue_created(const QueueInfo&) override {}
  void on_queue_deleted(const QueueInfo&) override {}
  void on_tenant_deleted(TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}
};

std::size_t allocated_bytes() {
  std::uint64_t epoch = 1;
  std::size_t size = sizeof epoch;
  NARU_CHECK(mallctl("epoch", &epoch, &size, &epoch, size) == 0, "the allocator counts");
  std::size_t bytes = 0;
  size = sizeof bytes;
  NARU_CHECK(mallctl("stats.allocated", &bytes, &size, nullptr, 0) == 0, "the allocator counts");
  return bytes;
}

/// 20 characters, as names of queues and exchanges, and keys, often are.
std::string name_of(std::string_view stem, std::size_t number) {
  return fmt::format("{}.{:0{}}", stem, number, 19 - stem.size());
}

class Measure {
 public:
  explicit Measure(std::size_t count) : count_(count) {
    apply(TenantCreated{kTenant, "/"});
    exchange("direct", ExchangeType::direct);
    exchange("fanout", ExchangeType::fanout);
    exchange("topic", ExchangeType::topic);
    exchange("headers", ExchangeType::headers);
  }

  bool all() {
    fmt::print("{:<34} {:>10} {:>10} {:>7}\n", "EACH", "ALLOCATED", "ESTIMATE", "OFF");
    rows("queue", [this](std::size_t i) { queue(i, {}); });
    const std::uint64_t first_queue = last_id_ - count_ + 1;
    rows("queue with an argument", [this](std::size_t i) {
      queue(count_ + i, {{"x-message-ttl", message::Integer{60'000}}});
    });
    const std::string kinds[] = {"direct", "fanout", "topic", "headers"};
    for (const std::string& kind : kinds) {
      rows(kind + " exchange", [&](std::size_t i) {
        exchange(name_of(kind, i), static_cast<ExchangeType>(&kind - kinds));
      });
    }
    for (const std::string& kind : kinds) {
      const ExchangeId source(static_cast<std::uint64_t>(&kind - kinds) + 1);
      rows("binding of a " + kind + " exchange", [&](std::size_t i) {
        BindingInfo binding{source, false, first_queue + i, name_of("key", i), {}};
        if (kind == "headers") {
          binding.routing_key.clear();
          binding.arguments = {{"x-match", std::string("all")}, {"region", name_of("r", i)}};
        }
        apply(BindingCreated{std::move(binding)});
      });
    }
    rows("user with a permission", [this](std::size_t i) {
      apply(UserPut{{name_of("user", i), std::string(97, 'h'), "management"}});
      apply(PermissionPut{{name_of("user", i), kTenant, ".*", ".*", ".*"}});
    });
    rows("user with long tags", [this](std::size_t i) {
      apply(UserPut{{name_of("tagged", i), std::string(97, 'h'), std::string(1000, 't')}});
    });
    const auto tenant = [](std::size_t i) { return TenantId(static_cast<std::uint32_t>(i + 2)); };
    rows("tenant", [&](std::size_t i) { apply(TenantCreated{tenant(i), name_of("tenant", i)}); });
    rows("further permission, long patterns", [&](std::size_t i) {
      const std::string pattern(300, 'p');
      apply(PermissionPut{{name_of("user", 0), tenant(i), pattern, pattern, pattern}});
    });
    return near_;
  }

 private:
  void rows(const std::string& what, const std::function<void(std::size_t)>& add) {
    const std::size_t before = allocated_bytes();
    const std::size_t said = catalog_.memory_bytes();
    for (std::size_t i = 0; i < count_; ++i) add(i);
    const auto each = [this](std::size_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(count_);
    };
    const double real = each(allocated_bytes() - before);
    const double estimate = each(catalog_.memory_bytes() - said);
    const double off = estimate / real - 1;
    if (std::abs(off) > kOffMax) near_ = false;
    fmt::print("{:<34} {:>10.0f} {:>10.0f} {:>6.0f}%\n", what, real, estimate, 100 * off);
  }

  void apply(const Fact& fact) {
    facts_.clear();
    encode(facts_, fact);
    const auto applied = catalog_.apply(facts_.view());
    NARU_CHECK(applied.has_value(), "a fact is right");
  }
  void queue(std::size_t number, message::Table arguments) {
    QueueInfo info;
    info.ref = {QueueId(++last_id_), GroupId(1)};
    info.tenant = kTenant;
    info.name = name_of("queue", number);
    info.durable = true;
    info.arguments = std::move(arguments);
    apply(QueueCreated{std::move(info)});
  }
  void exchange(std::string name, ExchangeType type) {
    ExchangeInfo info;
    info.id = ExchangeId(++last_id_);
    info.tenant = kTenant;
    info.name = std::move(name);
    info.type = type;
    info.durable = true;
    apply(ExchangeCreated{std::move(info)});
  }

  const std::size_t count_;
  Nobody nobody_;
  Catalog catalog_{nobody_};
  ByteBuffer facts_;
  std::uint64_t last_id_ = 0;
  bool near_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  if (count == 0) {
    fmt::print(stderr, "usage: naru_catalog_memory [COUNT]\n");
    return 2;
  }
  return Measure(count).all() ? 0 : 1;
}
