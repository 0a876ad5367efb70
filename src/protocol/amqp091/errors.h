#pragma once
/// What an error costs on the wire, and how it reads there (amqp091 §7).

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/amqp091/constants.h"

namespace naru::amqp091 {

/// "PRECONDITION_FAILED".
std::string_view reply_name(ReplyCode code);

/// Hard errors close the connection, soft ones their channel.
bool is_hard(ReplyCode code);

/// "PRECONDITION_FAILED - explanation", cut to the 255 bytes of a short string between characters,
/// with
/// "..." then; octets that are no UTF-8 become "?".
std::string reply_text(ReplyCode code, std::string_view explanation);

/// The reply code of a core error.
ReplyCode reply_code(Errc code);

/// Up to 16 octets as RabbitMQ prints them in texts: "first 16 octets = <<1,2,…>>".
std::string octets_text(std::string_view octets);

}  // namespace naru::amqp091
