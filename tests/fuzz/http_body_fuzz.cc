// What requests carry beside their target: credentials and JSON bodies. Nothing breaks their
// readers, and what they accept is the same when it is written and read again.
//
// The first octet chooses: 0 an Authorization header, 1 a text to be encoded, 2 a body.

#include <cstdint>
#include <string>

#include "admin/base64.h"
#include "admin/basic_auth.h"
#include "admin/json.h"
#include "admin/properties_key.h"
#include "base/byte_buffer.h"
#include "base/check.h"

namespace {

using namespace naru;

void authorization(std::string_view header) {
  const auto credentials = admin::parse_basic_auth(header);
  if (!credentials) return;
  NARU_CHECK(!credentials->user.contains(':'), "a user ends at the first colon");
  const auto again =
      admin::parse_basic_auth(admin::format_basic_auth(credentials->user, credentials->password));
  NARU_CHECK(again && again->user == credentials->user && again->password == credentials->password,
             "credentials read back");
}

void base64(std::string_view text) {
  const auto again = admin::decode_base64(admin::encode_base64(text));
  NARU_CHECK(again && *again == text, "base64 reads back");
}

void body(std::string_view text) {
  const auto object = admin::parse_object(text);
  if (!object) {
    NARU_CHECK(!object.error().what.empty(), "a refusal says why");
    return;
  }
  for (const char* name : {"durable", "password", "arguments"}) {
    (void)admin::bool_member(*object, name);
    (void)admin::text_member(*object, name);
    (void)admin::table_member(*object, name);
  }
  const auto table = admin::table_member(*object, "arguments");
  if (!table) return;
  ByteBuffer encoded;
  message::encode(encoded, *table);  // a table that was taken is within the limits of its encoding
  (void)admin::properties_key("key", *table);
  const auto again = admin::parse_object(admin::serialize(admin::to_json(*table)));
  NARU_CHECK(again.has_value(), "arguments are listed as JSON");
  const auto listed = admin::table_from_json(*again);
  NARU_CHECK(listed && listed->size() <= table->size(), "no argument is invented");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = naru::as_text(naru::ByteView(data, size).subspan(1));
  switch (data[0] % 3) {
    case 0:
      authorization(input);
      break;
    case 1:
      base64(input);
      break;
    default:
      body(input);
  }
  return 0;
}
