#pragma once
/// How a protocol presents itself to the server. The list of modules is app/protocols.cc; nothing
/// registers itself.

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "message/codec.h"
#include "protocol/session.h"

namespace naru::protocol {

/// What the first bytes of a connection say about its protocol.
enum class Recognition : std::uint8_t { no, maybe, yes };

/// A protocol: stateless, one per process.
class Module {
 public:
  virtual ~Module() = default;
  virtual std::string_view name() const = 0;  // "amqp": also the listener's key, listeners.amqp
  /// Whether a connection that begins with `first` speaks this protocol; `maybe` asks for more
  /// bytes.
  virtual Recognition recognises(ByteView first) const = 0;
  virtual std::unique_ptr<Session> open(SessionHost& host) const = 0;
  /// How stored records of this protocol are read; null when it stores none.
  virtual const message::Codec* codec() const = 0;
};

}  // namespace naru::protocol
