#include "core/queue/lane_checksums.h"

#include "base/byte_reader.h"
#include "base/crc32c.h"

namespace naru::core {

namespace {

const char* what_is_wrong(FactType type) {
  switch (type) {
    case FactType::page:
      return "the checksum of a page of an index does not match";
    case FactType::fragment:
      return "the checksum of a part of a large message does not match";
    default:
      return "the checksum of a record does not match";
  }
}

}  // namespace

void check_checksums(ByteView bytes, FactReader::Form form, const WrongPlace& tell) {
  FactReader reader(bytes, form);
  std::size_t read = 0;
  while (true) {
    Fact fact;  // what the last one left behind is no part of this one
    if (!reader.next(fact)) break;
    read = reader.last_fact().offset + std::size_t{reader.last_fact().bytes};
    if (fact.body_offset == 0) continue;
    ByteReader sum(bytes.subspan(fact.body_offset - kBodyCrcBytes, kBodyCrcBytes));
    if (crc32c(bytes.subspan(fact.body_offset, fact.body_bytes)) != sum.le32())
      tell(fact.body_offset - kBodyCrcBytes, {Errc::corrupt, what_is_wrong(fact.type)});
  }
  if (reader.ok()) return;
  if (reader.from_newer()) {
    tell(read, {Errc::version, "a fact of a queue that only a newer Naru knows"});
  } else {
    tell(read, {Errc::corrupt, "a fact of a queue that makes no sense"});
  }
}

}  // namespace naru::core
