#include "tests/sim/clients/manager.h"

#include "protocol/amqp091/table.h"

namespace naru::sim {

void Manager::on_ready() {
  if (built_) return;
  doing_ = Doing::building;
  next_step_ = 0;
  build_next();
}

// Exchanges, queues, bindings: one after the other, each when the one before it is answered.
void Manager::build_next() {
  const Topology& topology = environment_.topology;
  const std::array<std::pair<std::string_view, std::string_view>, 4> exchanges{
      {{Topology::kDirect, "direct"},
       {Topology::kFanout, "fanout"},
       {Topology::kTopic, "topic"},
       {Topology::kHeaders, "headers"}}};
  std::size_t step = next_step_++;
  if (step < exchanges.size()) {
    return send(amqp091::ExchangeDeclare{.exchange = exchanges[step].first,
                                         .type = exchanges[step].second,
                                         .durable = true,
                                         .arguments = {}});
  }
  step -= exchanges.size();
  if (step < topology.queues) {
    environment_.did(Did::declare);
    return declare(static_cast<QueueNo>(step));
  }
  step -= topology.queues;
  const std::vector<Binding> bindings = topology.bindings();
  if (step < bindings.size()) {
    return bind(bindings[step]);
  }
  doing_ = Doing::nothing;
  built_ = true;
}

void Manager::bind(const Binding& binding) {
  ByteBuffer table;
  amqp091::append_table(table, binding.arguments);
  send(amqp091::QueueBind{.queue = Topology::queue_name(binding.queue),
                          .exchange = binding.exchange,
                          .routing_key = binding.key,
                          .arguments = {table.view().subspan(4)}});
}

void Manager::declare(QueueNo queue) {
  message::Table arguments;
  const message::Durability level = environment_.topology.levels[queue];
  if (level != message::Durability::fsync) {
    arguments.emplace_back(message::kDurabilityArgument, std::string(to_string(level)));
  }
  const auto& ttls_ms = environment_.topology.ttls_ms;
  if (!ttls_ms.empty() && ttls_ms[queue]) {
    arguments.emplace_back("x-message-ttl", message::Integer{*ttls_ms[queue]});
  }
  ByteBuffer table;
  amqp091::append_table(table, arguments);
  send(amqp091::QueueDeclare{.queue = Topology::queue_name(queue),
                             .durable = true,
                             .arguments = {table.view().subspan(4)}});
}

void Manager::act() {
  Random& random = environment_.random;
  if (doing_ == Doing::leaving && random.one_in(4)) return declare_again();
  if (doing_ != Doing::nothing || !random.one_in(8)) return;
  if (environment_.options.rude && random.one_in(20)) return cut();
  if (unfinished_) {
    // What the earlier connection asked for may still be done.
    if (environment_.recorder.quiets() != unsure_since_) send_delete();
    return;
  }
  if (environment_.options.deletes && random.one_in(2)) {
    return remove(static_cast<QueueNo>(random.below(environment_.topology.queues)));
  }
  if (environment_.options.purges && random.one_in(6)) {
    environment_.did(Did::purge);
    doing_ = Doing::purging;
    purged_ = static_cast<QueueNo>(random.below(environment_.topology.queues));
    environment_.recorder.removal_begins(purged_);
    return send(amqp091::QueuePurge{.queue = Topology::queue_name(purged_)});
  }
  flip();
}

void Manager::remove(QueueNo queue) {
  Topology& topology = environment_.topology;
  if (topology.requests[queue] != 0 || topology.flip == Topology::Flip::unsure) return;
  removed_ = queue;
  topology.set_presence(queue, Presence::unsure);
  environment_.recorder.may_go(queue);
  environment_.recorder.removal_begins(queue);
  if (queue == topology.flipping().queue) {
    topology.flip = Topology::Flip::unsure;
    ++topology.flip_version;
  }
  send_delete();
}

void Manager::send_delete() {
  environment_.did(Did::remove);
  unfinished_ = false;
  doing_ = Doing::deleting;
  environment_.recorder.tell(&Checker::on_delete_sent, removed_);
  send(amqp091::QueueDelete{.queue = Topology::queue_name(removed_)});
}

// The binding that comes and goes has gone with the queue.
void Manager::rebind_next() {
  Topology& topology = environment_.topology;
  const std::vector<Binding> bindings = topology.bindings();
  while (next_binding_ < bindings.size() && bindings[next_binding_].queue != removed_) {
    ++next_binding_;
  }
  if (next_binding_ < bindings.size()) return bind(bindings[next_binding_++]);
  topology.set_presence(removed_, Presence::there);
  environment_.recorder.removal_ends(removed_);
  doing_ = Doing::nothing;
  if (removed_ == topology.flipping().queue) flip_ends(Topology::Flip::unbound);
}

void Manager::flip() {
  Topology& topology = environment_.topology;
  // What an earlier connection asked for may still be done.
  if (topology.flip == Topology::Flip::unsure && environment_.recorder.quiets() == unsure_since_) {
    return;
  }
  const Binding binding = topology.flipping();
  const std::string queue = Topology::queue_name(binding.queue);
  const bool bind = topology.flip == Topology::Flip::unsure
                        ? environment_.random.one_in(2)
                        : topology.flip == Topology::Flip::unbound;
  topology.flip = Topology::Flip::unsure;
  ++topology.flip_version;
  if (bind) {
    environment_.did(Did::bind);
    doing_ = Doing::binding;
    send(amqp091::QueueBind{
        .queue = queue, .exchange = binding.exchange, .routing_key = binding.key, .arguments = {}});
  } else {
    environment_.did(Did::unbind);
    doing_ = Doing::unbinding;
    send(amqp091::QueueUnbind{
        .queue = queue, .exchange = binding.exchange, .routing_key = binding.key, .arguments = {}});
  }
}

void Manager::flip_ends(Topology::Flip state) {
  environment_.topology.flip = state;
  ++environment_.topology.flip_version;
  doing_ = Doing::nothing;
}

void Manager::on_reply(const amqp091::MethodFrame&) {
  switch (doing_) {
    case Doing::building:
      return build_next();
    case Doing::binding:
      return flip_ends(Topology::Flip::bound);
    case Doing::unbinding:
      return flip_ends(Topology::Flip::unbound);
    case Doing::purging:
      environment_.recorder.removal_ends(purged_);
      doing_ = Doing::nothing;
      return;
    case Doing::deleting:
      environment_.recorder.tell(&Checker::on_deleted, removed_);
      environment_.topology.set_presence(removed_, Presence::gone);
      if (!environment_.options.asks || environment_.random.one_in(2)) return declare_again();
      doing_ = Doing::leaving;
      return;
    case Doing::declaring:
      doing_ = Doing::rebinding;
      next_binding_ = 0;
      return rebind_next();
    case Doing::rebinding:
      return rebind_next();
    case Doing::leaving:
    case Doing::nothing:
      return;
  }
}

void Manager::declare_again() {
  environment_.topology.set_presence(removed_, Presence::unsure);
  environment_.did(Did::declare);
  doing_ = Doing::declaring;
  declare(removed_);
}

void Manager::on_channel_lost() {
  if (doing_ == Doing::binding || doing_ == Doing::unbinding) {
    unsure_since_ = environment_.recorder.quiets();
  }
  if (doing_ == Doing::purging) environment_.recorder.removal_ends_in_silence(purged_);
  if (doing_ == Doing::deleting || doing_ == Doing::leaving || doing_ == Doing::declaring ||
      doing_ == Doing::rebinding) {
    unfinished_ = true;
    unsure_since_ = environment_.recorder.quiets();
  }
  doing_ = Doing::nothing;
}

}  // namespace naru::sim
