#include <fmt/format.h>

#include "app/store/entry_text.h"
#include "core/topology/facts.h"

namespace naru::app {

namespace {

constexpr std::size_t kNameBytesMax = 255;

std::string name(std::string_view text) {
  return quoted(text, kNameBytesMax);
}

std::string binding_text(std::string_view verb, const core::BindingInfo& it) {
  return fmt::format("{} binding of exchange {} to {} {} key {}", verb, it.source.value,
                     it.to_exchange ? "exchange" : "queue", it.destination, name(it.routing_key));
}

/// A password's hash is never shown.
struct FactText {
  std::string operator()(const core::SnapshotBegun&) const { return "all that follows is all"; }
  std::string operator()(const core::SnapshotAsOf& it) const {
    return fmt::format("all of it is of entry {}", it.entry.value);
  }
  std::string operator()(const core::IdsReserved& it) const {
    return fmt::format("ids below {} may be given out", it.up_to);
  }
  std::string operator()(const core::TenantCreated& it) const {
    return fmt::format("create tenant {} {}", it.id.value, name(it.name));
  }
  std::string operator()(const core::TenantDeleted& it) const {
    return fmt::format("delete tenant {}", it.id.value);
  }
  std::string operator()(const core::TenantsUsed& it) const {
    return fmt::format("tenants below {} were used", it.next.value);
  }
  std::string operator()(const core::ExchangeCreated& it) const {
    return fmt::format("create exchange {} {} of type {} in tenant {}", it.exchange.id.value,
                       name(it.exchange.name), core::to_string(it.exchange.type),
                       it.exchange.tenant.value);
  }
  std::string operator()(const core::ExchangeDeleted& it) const {
    return fmt::format("delete exchange {}", it.id.value);
  }
  std::string operator()(const core::QueueCreated& it) const {
    return fmt::format("create queue {} {} in tenant {}, lane {}", it.queue.ref.id.value,
                       name(it.queue.name), it.queue.tenant.value, it.queue.ref.lane.value);
  }
  std::string operator()(const core::QueueDeleted& it) const {
    return fmt::format("delete queue {}", it.id.value);
  }
  std::string operator()(const core::BindingCreated& it) const {
    return binding_text("create", it.binding);
  }
  std::string operator()(const core::BindingDeleted& it) const {
    return binding_text("delete", it.binding);
  }
  std::string operator()(const core::UserPut& it) const {
    return fmt::format("put user {} tags {}", name(it.user.name), name(it.user.tags));
  }
  std::string operator()(const core::UserDeleted& it) const {
    return fmt::format("delete user {}", name(it.name));
  }
  std::string operator()(const core::PermissionPut& it) const {
    return fmt::format("put permission of {} in tenant {}: configure {} write {} read {}",
                       name(it.permission.user), it.permission.tenant.value,
                       name(it.permission.configure), name(it.permission.write),
                       name(it.permission.read));
  }
  std::string operator()(const core::PermissionDeleted& it) const {
    return fmt::format("delete permission of {} in tenant {}", name(it.user), it.tenant.value);
  }
};

}  // namespace

std::vector<std::string> describe_metadata_facts(ByteView payload) {
  std::vector<std::string> lines;
  ByteReader in(payload);
  while (!in.done()) {
    auto fact = core::decode_fact(in);
    if (!fact) {
      lines.push_back(fact.error().what);
      break;
    }
    lines.push_back(std::visit(FactText(), *fact));
  }
  return lines;
}

}  // namespace naru::app
