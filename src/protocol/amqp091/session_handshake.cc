// From the protocol header to an open tenant (specification §2.2.4; amqp091 §1).

#include <fmt/core.h>

#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/sasl.h"
#include "protocol/amqp091/session.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

// Whoever failed to log in waits this long for the end of its connection, as in RabbitMQ.
constexpr Duration kRefusedTime = std::chrono::seconds(3);

// Only what is really there: clients choose their behaviour by it.
constexpr std::string_view kCapabilities[] = {
    "publisher_confirms",           "exchange_exchange_bindings", "basic.nack",
    "consumer_cancel_notify",       "connection.blocked",         "consumer_priorities",
    "authentication_failure_close", "per_consumer_qos",           "direct_reply_to",
};

message::Table server_properties(const Amqp091Settings& settings) {
  message::Table capabilities;
  for (const std::string_view name : kCapabilities)
    capabilities.emplace_back(std::string(name), message::Value(true));
  message::Table table;
  const auto text = [&table](std::string_view name, std::string_view value) {
    table.emplace_back(std::string(name), message::Value(std::string(value)));
  };
  table.emplace_back("capabilities", message::Value(std::move(capabilities)));
  text("cluster_name", settings.cluster_name);
  text("copyright", "Copyright (c) the Naru authors");
  text("information", "Licensed under the Apache License 2.0");
  text("naru_version", settings.naru_version);
  text("platform", settings.platform);
  text("product", settings.product);
  text("version", settings.version);
  return table;
}

}  // namespace

void Session::send_start() {
  ByteBuffer table;
  append_table(table, server_properties(settings_));
  ConnectionStart start;
  start.server_properties.entries = table.view().subspan(4);
  start.mechanisms.text = kMechanisms;
  start.locales.text = "en_US";
  send(0, start);
  state_ = State::starting;
}

void Session::on_method(const ConnectionStartOk& method) {
  const auto values = check_table(method.client_properties.entries);
  if (!values)
    return close_connection(ReplyCode::frame_error, values.error().what, ConnectionStartOk::kId);
  if (*values > message::kArgumentValuesMax) {
    return close_connection(
        ReplyCode::resource_error,
        fmt::format("client_properties may hold {} values", message::kArgumentValuesMax),
        ConnectionStartOk::kId);
  }
  client_properties_ = as_text(method.client_properties.entries);
  note_capabilities();
  mechanism_ = method.mechanism;
  if (mechanism_ != "PLAIN" && mechanism_ != "AMQPLAIN") {
    return close_connection(ReplyCode::command_invalid,
                            fmt::format("unknown authentication mechanism '{}'", mechanism_),
                            ConnectionStartOk::kId);
  }
  auto credentials = mechanism_ == "PLAIN" ? parse_plain(method.response.text)
                                           : parse_amqplain(as_bytes(method.response.text));
  if (!credentials) {
    return close_connection(ReplyCode::syntax_error, credentials.error().what,
                            ConnectionStartOk::kId);
  }
  // As listings and log lines show it; nobody has a longer name.
  user_ = credentials->user.substr(0, 255);
  state_ = State::authenticating;
  request(ConnectionStartOk::kId, nullptr,
          core::Authenticate{std::move(credentials->user), std::move(credentials->password),
                             mechanism_});
}

void Session::on_authenticated(Result<core::Reply::Value> result) {
  if (state_ != State::authenticating) return;
  if (!result) {
    host_.log().warn("{}: {} login of user '{}' refused: {}", host_.name(), mechanism_, user_,
                     result.error().what);
    if (result.error().code != Errc::unauthenticated) {
      // Too many logins at once are not the fault of what was said: the client may try again.
      const bool busy = result.error().code == Errc::limit;
      return close_connection(busy ? ReplyCode::access_refused : reply_code(result.error().code),
                              result.error().what, ConnectionStartOk::kId);
    }
    // amqp091 §7: why, only to those that asked to know; and the same words for every reason.
    if (client_can_.close_when_refused) {
      close_connection(ReplyCode::access_refused,
                       fmt::format("Login was refused using authentication mechanism {}. For "
                                   "details see the broker logfile.",
                                   mechanism_));
      give_up_at_ = host_.now().mono + kRefusedTime;
      return host_.deadline_changed();
    }
    return close_silently(kRefusedTime);
  }
  const auto* authenticated = std::get_if<core::Authenticated>(&*result);
  NARU_CHECK(authenticated != nullptr, "Authenticate is answered with Authenticated");
  user_ = authenticated->principal.user;
  impersonator_ = authenticated->principal.has_tag("impersonator");
  host_.authenticated();
  send(0, ConnectionTune{settings_.channels_max, settings_.frame_bytes_max, settings_.heartbeat_s});
  state_ = State::tuning;
}

// Checked, not clamped: a client that believes in other limits than we do will break them later.
bool Session::negotiated(std::string_view field, std::uint32_t minimum, std::uint32_t maximum,
                         std::uint32_t value) {
  const bool too_low = value != 0 && value < minimum;
  const bool too_high = maximum != 0 && (value == 0 || value > maximum);
  if (!too_low && !too_high) return true;
  const bool no_limit = value == 0 && field == "channel_max";
  close_connection(ReplyCode::not_allowed,
                   fmt::format("negotiated {} = {}{} is {} than the {} allowed value ({})", field,
                               value, no_limit ? " (no limit)" : "", too_low ? "lower" : "higher",
                               too_low ? "minimum" : "maximum", too_low ? minimum : maximum),
                   ConnectionTune::kId);
  return false;
}

void Session::on_method(const ConnectionTuneOk& method) {
  if (!negotiated("frame_max", settings_.frame_bytes_min, settings_.frame_bytes_max,
                  method.frame_max) ||
      !negotiated("channel_max", 1, settings_.channels_max, method.channel_max)) {
    return;
  }
  frame_bytes_max_ = method.frame_max;
  channels_max_ = method.channel_max;
  heartbeat_s_ = method.heartbeat;
  heartbeat_.start(method.heartbeat, host_.now().mono);
  state_ = State::opening;
  host_.deadline_changed();
}

void Session::on_method(const ConnectionOpen& method) {
  tenant_ = method.virtual_host;
  state_ = State::entering;
  request(ConnectionOpen::kId, nullptr, core::OpenTenant{tenant_});
}

void Session::on_tenant_opened(Result<core::Reply::Value> result) {
  if (state_ != State::entering) return;
  if (!result) {
    // amqp091 §7: a tenant that is not there, or not for this user, is 530 either way.
    return close_connection(ReplyCode::not_allowed, result.error().what, ConnectionOpen::kId);
  }
  send(0, ConnectionOpenOk{});
  state_ = State::running;
  end_wanted_ = true;
  give_up_at_ = kNever;
  host_.deadline_changed();
}

// amqp091 §1: a password does not expire, so what RabbitMQ checks again is whether the user may
// still be here; the secret itself matters to credentials with an end of their own.
void Session::on_method(const ConnectionUpdateSecret& method) {
  host_.log().debug("{}: user '{}' updates its secret: {}", host_.name(), user_, method.reason);
  request(ConnectionUpdateSecret::kId, nullptr, core::OpenTenant{tenant_});
}

void Session::on_secret_updated(Result<core::Reply::Value> result) {
  if (state_ != State::running) return;
  if (result) return send(0, ConnectionUpdateSecretOk{});
  close_connection(ReplyCode::not_allowed, result.error().what, ConnectionUpdateSecret::kId);
}

void Session::note_capabilities() {
  const auto table = decode_table(as_bytes(client_properties_));
  if (!table) return;
  const message::Value* value = message::find(*table, "capabilities");
  const auto* given = value != nullptr ? std::get_if<message::Table>(&value->v) : nullptr;
  if (given == nullptr) return;
  const auto has = [given](std::string_view name) {
    const message::Value* flag = message::find(*given, name);
    return flag != nullptr && *flag == message::Value(true);
  };
  client_can_ = {.close_when_refused = has("authentication_failure_close"),
                 .be_cancelled = has("consumer_cancel_notify"),
                 .be_blocked = has("connection.blocked")};
}

}  // namespace naru::amqp091
