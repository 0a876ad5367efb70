#include "protocol/amqp091/sasl.h"

#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

const std::string* text_of(const message::Value* value) {
  if (value == nullptr) return nullptr;
  if (const auto* binary = std::get_if<message::Binary>(&value->v)) return &binary->bytes;
  return value->text();
}

}  // namespace

Result<Credentials> parse_plain(std::string_view response) {
  const std::size_t user_end = response.find('\0', 1);
  if (response.empty() || response[0] != '\0' || user_end == std::string_view::npos ||
      response.find('\0', user_end + 1) != std::string_view::npos)
    return fail(Errc::malformed, "response of mechanism PLAIN invalid");
  return Credentials{std::string(response.substr(1, user_end - 1)),
                     std::string(response.substr(user_end + 1))};
}

Result<Credentials> parse_amqplain(ByteView response) {
  auto table = decode_table(response);
  if (!table) return fail(Errc::malformed, "AMQPLAIN auth info is not a field table");
  const message::Value* user = message::find(*table, "LOGIN");
  const message::Value* password = message::find(*table, "PASSWORD");
  if (user == nullptr || password == nullptr)
    return fail(Errc::malformed, "AMQPLAIN auth info is missing LOGIN or PASSWORD field");
  if (text_of(user) == nullptr || text_of(password) == nullptr)
    return fail(Errc::malformed,
                "AMQPLAIN auth info uses unsupported type for LOGIN or PASSWORD field");
  return Credentials{*text_of(user), *text_of(password)};
}

}  // namespace naru::amqp091
