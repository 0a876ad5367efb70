#include "core/topology/decider.h"

namespace naru::core {

void Removal::queue(const QueueInfo& queue) {
  out_.own(NameKind::queue, queue.tenant, queue.name);
  out_.add(queue.durable, QueueDeleted{queue.ref.id});
  catalog_.each_source(queue.ref.id, [this](const ExchangeInfo& source) { lose_binding(source); });
  follow();
}

void Removal::exchange(const ExchangeInfo& exchange) {
  if (!gone_.insert(exchange.id).second) return;
  out_.own(NameKind::exchange, exchange.tenant, exchange.name);
  out_.add(exchange.durable, ExchangeDeleted{exchange.id});
  to_follow_.push_back(exchange.id);
  follow();
}

void Removal::binding(const ExchangeInfo& source, bool durable, const BindingInfo& binding) {
  out_.add(durable, BindingDeleted{binding});
  lose_binding(source);
  follow();
}

void Removal::lose_binding(const ExchangeInfo& source) {
  if (!source.auto_delete) return;
  // Another binding of it, made or lost at the same time, would decide otherwise.
  out_.own(NameKind::exchange, source.tenant, source.name);
  if (++lost_[source.id] < catalog_.binding_count(source.id)) return;
  if (!gone_.insert(source.id).second) return;
  out_.add(source.durable, ExchangeDeleted{source.id});
  to_follow_.push_back(source.id);
}

void Removal::follow() {
  while (!to_follow_.empty()) {
    const ExchangeId gone = to_follow_.back();
    to_follow_.pop_back();
    catalog_.each_source(gone, [this](const ExchangeInfo& source) { lose_binding(source); });
  }
}

}  // namespace naru::core
