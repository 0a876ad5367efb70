#include "app/protocols.h"

#include "app/version.h"

#ifdef NARU_PROTOCOL_AMQP091
#include "protocol/amqp091/module.h"
#endif

namespace naru::app {

Protocols::Protocols([[maybe_unused]] const Config& config) {
#ifdef NARU_PROTOCOL_AMQP091
  add(std::make_unique<amqp091::Module>(amqp091::Amqp091Settings{
          .message_bytes_max = config.amqp_message_bytes_max,
          .product = config.amqp_product,
          .version = std::string(kCompatibleVersion),
          .naru_version = std::string(kVersion),
      }),
      config.listeners_amqp);
#endif
}

void Protocols::add(std::unique_ptr<protocol::Module> module, std::vector<io::Endpoint> at) {
  listeners_.push_back({std::move(at), module.get()});
  modules_.push_back(std::move(module));
}

}  // namespace naru::app
