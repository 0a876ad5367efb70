#pragma once
/// Every method: its id, its name, and how it is read and written.

#include <cstdint>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "protocol/amqp091/frame.h"
#include "protocol/amqp091/methods_basic.h"
#include "protocol/amqp091/methods_connection.h"
#include "protocol/amqp091/methods_topology.h"

namespace naru::amqp091 {

/// Calls visit.template operator()<Method>() for every method until it returns true; whether one
/// did.
constexpr bool any_method(auto&& visit) {
  return visit.template operator()<ConnectionStart>() ||
         visit.template operator()<ConnectionStartOk>() ||
         visit.template operator()<ConnectionSecure>() ||
         visit.template operator()<ConnectionSecureOk>() ||
         visit.template operator()<ConnectionTune>() ||
         visit.template operator()<ConnectionTuneOk>() ||
         visit.template operator()<ConnectionOpen>() ||
         visit.template operator()<ConnectionOpenOk>() ||
         visit.template operator()<ConnectionClose>() ||
         visit.template operator()<ConnectionCloseOk>() ||
         visit.template operator()<ConnectionBlocked>() ||
         visit.template operator()<ConnectionUnblocked>() ||
         visit.template operator()<ConnectionUpdateSecret>() ||
         visit.template operator()<ConnectionUpdateSecretOk>() ||
         visit.template operator()<ChannelOpen>() || visit.template operator()<ChannelOpenOk>() ||
         visit.template operator()<ChannelFlow>() || visit.template operator()<ChannelFlowOk>() ||
         visit.template operator()<ChannelClose>() || visit.template operator()<ChannelCloseOk>() ||
         visit.template operator()<AccessRequest>() ||
         visit.template operator()<AccessRequestOk>() ||
         visit.template operator()<ExchangeDeclare>() ||
         visit.template operator()<ExchangeDeclareOk>() ||
         visit.template operator()<ExchangeDelete>() ||
         visit.template operator()<ExchangeDeleteOk>() ||
         visit.template operator()<ExchangeBind>() || visit.template operator()<ExchangeBindOk>() ||
         visit.template operator()<ExchangeUnbind>() ||
         visit.template operator()<ExchangeUnbindOk>() ||
         visit.template operator()<QueueDeclare>() || visit.template operator()<QueueDeclareOk>() ||
         visit.template operator()<QueueBind>() || visit.template operator()<QueueBindOk>() ||
         visit.template operator()<QueuePurge>() || visit.template operator()<QueuePurgeOk>() ||
         visit.template operator()<QueueDelete>() || visit.template operator()<QueueDeleteOk>() ||
         visit.template operator()<QueueUnbind>() || visit.template operator()<QueueUnbindOk>() ||
         visit.template operator()<BasicQos>() || visit.template operator()<BasicQosOk>() ||
         visit.template operator()<BasicConsume>() || visit.template operator()<BasicConsumeOk>() ||
         visit.template operator()<BasicCancel>() || visit.template operator()<BasicCancelOk>() ||
         visit.template operator()<BasicPublish>() || visit.template operator()<BasicReturn>() ||
         visit.template operator()<BasicDeliver>() || visit.template operator()<BasicGet>() ||
         visit.template operator()<BasicGetOk>() || visit.template operator()<BasicGetEmpty>() ||
         visit.template operator()<BasicAck>() || visit.template operator()<BasicReject>() ||
         visit.template operator()<BasicRecoverAsync>() ||
         visit.template operator()<BasicRecover>() || visit.template operator()<BasicRecoverOk>() ||
         visit.template operator()<BasicNack>() || visit.template operator()<ConfirmSelect>() ||
         visit.template operator()<ConfirmSelectOk>() || visit.template operator()<TxSelect>() ||
         visit.template operator()<TxSelectOk>() || visit.template operator()<TxCommit>() ||
         visit.template operator()<TxCommitOk>() || visit.template operator()<TxRollback>() ||
         visit.template operator()<TxRollbackOk>();
}

/// The method's name, "queue.declare"; empty when there is no such method.
std::string_view method_name(MethodId id);

/// A method frame's payload: the id, then the fields.
struct MethodFrame {
  MethodId id;
  ByteView fields;
};
/// Errors: malformed (no room for an id).
inline Result<MethodFrame> split_method(ByteView payload) {
  if (payload.size() < 4) return fail(Errc::malformed, "method frame without a method");
  const auto number = [&](std::size_t at) {
    return static_cast<std::uint16_t>(payload[at] << 8 | payload[at + 1]);
  };
  return MethodFrame{{number(0), number(2)}, payload.subspan(4)};
}

/// The error of a method whose fields do not read as specified.
std::unexpected<Error> malformed_method(std::string_view name, bool bad_text);

/// Whether a content follows the method. The names in such a method may be any octets, as in
/// RabbitMQ; everywhere else they are UTF-8.
template <typename Method>
inline constexpr bool kCarriesContent = requires { Method::kCarriesContent; };

/// Reads a method's fields. Errors: malformed.
template <typename Method>
Result<Method> decode_method(ByteView fields) {
  FieldReader reader(fields, !kCarriesContent<Method>);
  Method method;
  Method::fields(method, reader);
  if (!reader.complete() || reader.bad_text()) [[unlikely]]
    return malformed_method(Method::kName, reader.bad_text());
  return method;
}

/// Appends a whole method frame.
template <typename Method>
void append_method(ByteBuffer& out, std::uint16_t channel, const Method& method) {
  const std::size_t size_at = begin_frame(out, FrameType::method, channel);
  out.u16(Method::kId.class_id);
  out.u16(Method::kId.method_id);
  Method::fields(method, FieldWriter(out));
  finish_frame(out, size_at);
}

}  // namespace naru::amqp091
