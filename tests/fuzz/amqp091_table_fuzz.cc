// Field tables: both readers agree, and a table that reads is the same after it was written.

#include <algorithm>
#include <cstdint>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "protocol/amqp091/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace amqp091 = naru::amqp091;
  const naru::ByteView input(data, size);
  const auto table = amqp091::decode_table(input);
  NARU_CHECK(table.has_value() == amqp091::check_table(input).has_value(), "both readers agree");
  if (!table) return 0;
  naru::ByteBuffer once;
  amqp091::append_table(once, *table);
  const auto again = amqp091::decode_table(once.view().subspan(4));
  NARU_CHECK(again.has_value(), "what was written reads");
  naru::ByteBuffer twice;
  amqp091::append_table(twice, *again);
  NARU_CHECK(std::ranges::equal(once.view(), twice.view()), "written alike");
  return 0;
}
