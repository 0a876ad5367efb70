#pragma once
/// AMQP 0-9-1 as the server knows it. Specification: AMQP 0-9-1 of 2008 with RabbitMQ's extensions
/// and errata; what is served is in docs/protocols/amqp091.md.

#include <memory>

#include "protocol/amqp091/codec.h"
#include "protocol/amqp091/settings.h"
#include "protocol/module.h"

namespace naru::amqp091 {

/// Stateless but for its settings; outlives its sessions.
class Module final : public protocol::Module {
 public:
  explicit Module(Amqp091Settings settings) : settings_(std::move(settings)) {}

  std::string_view name() const override { return "amqp"; }
  protocol::Recognition recognises(ByteView first) const override;
  std::unique_ptr<protocol::Session> open(protocol::SessionHost& host) const override;
  const message::Codec* codec() const override { return &codec_; }

 private:
  const Amqp091Settings settings_;
  const Amqp091Codec codec_;
};

}  // namespace naru::amqp091
