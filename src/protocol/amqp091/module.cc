#include "protocol/amqp091/module.h"

#include <algorithm>

#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

// "AMQP": other versions too, as the answer that names ours is ours to give.
protocol::Recognition Module::recognises(ByteView first) const {
  const std::string_view wanted = kProtocolHeader091.substr(0, 4);
  const std::string_view seen = as_text(first.first(std::min(first.size(), wanted.size())));
  if (seen != wanted.substr(0, seen.size())) return protocol::Recognition::no;
  return seen.size() < wanted.size() ? protocol::Recognition::maybe : protocol::Recognition::yes;
}

std::unique_ptr<protocol::Session> Module::open(protocol::SessionHost& host) const {
  return std::make_unique<Session>(host, settings_, codec_);
}

}  // namespace naru::amqp091
