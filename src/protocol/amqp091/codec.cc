#include "protocol/amqp091/codec.h"

#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

Result<message::Table> Amqp091Codec::headers(ByteView header) const {
  NARU_TRY(properties, parse_properties(header));
  return decode_table(properties.headers);
}

}  // namespace naru::amqp091
