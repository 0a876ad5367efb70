#include "app/protocols.h"

#include "app/version.h"

#ifdef NARU_PROTOCOL_AMQP091
#include "protocol/amqp091/codec.h"
#include "protocol/amqp091/expiration.h"
#include "protocol/amqp091/module.h"
#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/properties_table.h"
#endif

namespace naru::app {

#ifdef NARU_PROTOCOL_AMQP091
namespace {

class Amqp091Messages final : public admin::MessageFormat {
 public:
  Result<Header> write(const message::Table& properties) const override {
    Header header;
    header.codec = &codec_;
    NARU_TRY_VOID(amqp091::append_properties(header.bytes, properties));
    NARU_TRY(read, amqp091::parse_properties(header.bytes.view()));
    header.persistent = read.delivery_mode == 2;
    header.priority = read.priority;
    if (read.has(amqp091::Property::expiration)) {
      NARU_TRY(expiration, amqp091::parse_expiration(read.expiration));
      header.expiration_ms = expiration;
    }
    return header;
  }

  Result<message::Table> read(message::EncodingId encoding, ByteView header) const override {
    if (encoding != codec_.id()) return fail(Errc::not_implemented, "of another protocol");
    return amqp091::decode_properties(header);
  }

 private:
  amqp091::Amqp091Codec codec_;
};

}  // namespace
#endif

Protocols::Protocols([[maybe_unused]] const Config& config) {
#ifdef NARU_PROTOCOL_AMQP091
  add(std::make_unique<amqp091::Module>(amqp091::Amqp091Settings{
          .message_bytes_max = config.amqp_message_bytes_max,
          .assembly_bytes_max = 2 * config.amqp_message_bytes_max,
          .product = config.amqp_product,
          .version = std::string(kCompatibleVersion),
          .naru_version = std::string(kVersion),
      }),
      config.listeners_amqp);
  message_format_ = std::make_unique<Amqp091Messages>();
#endif
}

void Protocols::add(std::unique_ptr<protocol::Module> module, std::vector<io::Endpoint> at) {
  listeners_.push_back({std::move(at), module.get()});
  modules_.push_back(std::move(module));
}

}  // namespace naru::app
