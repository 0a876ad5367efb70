#pragma once
/// Methods of the classes connection, channel and access, with RabbitMQ's extensions: fields in
/// wire order (fields.h). Views in a decoded method point into the frame it was read from.

#include <cstdint>
#include <string_view>

#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/fields.h"

namespace naru::amqp091 {

// ---- Class 10: connection ----

struct ConnectionStart {
  static constexpr MethodId kId{10, 10};
  static constexpr std::string_view kName = "connection.start";
  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 9;
  RawTable server_properties;
  LongString mechanisms;
  LongString locales;
  static constexpr void fields(auto& self, auto&& field) {
    field("version_major", self.version_major);
    field("version_minor", self.version_minor);
    field("server_properties", self.server_properties);
    field("mechanisms", self.mechanisms);
    field("locales", self.locales);
  }
};
struct ConnectionStartOk {
  static constexpr MethodId kId{10, 11};
  static constexpr std::string_view kName = "connection.start-ok";
  RawTable client_properties;
  std::string_view mechanism;
  LongString response;
  std::string_view locale;
  static constexpr void fields(auto& self, auto&& field) {
    field("client_properties", self.client_properties);
    field("mechanism", self.mechanism);
    field("response", self.response);
    field("locale", self.locale);
  }
};
struct ConnectionSecure {
  static constexpr MethodId kId{10, 20};
  static constexpr std::string_view kName = "connection.secure";
  LongString challenge;
  static constexpr void fields(auto& self, auto&& field) { field("challenge", self.challenge); }
};
struct ConnectionSecureOk {
  static constexpr MethodId kId{10, 21};
  static constexpr std::string_view kName = "connection.secure-ok";
  LongString response;
  static constexpr void fields(auto& self, auto&& field) { field("response", self.response); }
};
struct ConnectionTune {
  static constexpr MethodId kId{10, 30};
  static constexpr std::string_view kName = "connection.tune";
  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("channel_max", self.channel_max);
    field("frame_max", self.frame_max);
    field("heartbeat", self.heartbeat);
  }
};
struct ConnectionTuneOk {
  static constexpr MethodId kId{10, 31};
  static constexpr std::string_view kName = "connection.tune-ok";
  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("channel_max", self.channel_max);
    field("frame_max", self.frame_max);
    field("heartbeat", self.heartbeat);
  }
};
struct ConnectionOpen {
  static constexpr MethodId kId{10, 40};
  static constexpr std::string_view kName = "connection.open";
  std::string_view virtual_host = "/";
  std::string_view capabilities;
  bool insist = false;
  static constexpr void fields(auto& self, auto&& field) {
    field("virtual_host", self.virtual_host);
    field("capabilities", self.capabilities);
    field("insist", self.insist);
  }
};
struct ConnectionOpenOk {
  static constexpr MethodId kId{10, 41};
  static constexpr std::string_view kName = "connection.open-ok";
  std::string_view known_hosts;
  static constexpr void fields(auto& self, auto&& field) { field("known_hosts", self.known_hosts); }
};
struct ConnectionClose {
  static constexpr MethodId kId{10, 50};
  static constexpr std::string_view kName = "connection.close";
  std::uint16_t reply_code = 0;
  std::string_view reply_text;
  std::uint16_t failed_class = 0;
  std::uint16_t failed_method = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("reply_code", self.reply_code);
    field("reply_text", self.reply_text);
    field("failed_class", self.failed_class);
    field("failed_method", self.failed_method);
  }
};
struct ConnectionCloseOk {
  static constexpr MethodId kId{10, 51};
  static constexpr std::string_view kName = "connection.close-ok";
  static constexpr void fields(auto&, auto&&) {}
};
struct ConnectionBlocked {
  static constexpr MethodId kId{10, 60};
  static constexpr std::string_view kName = "connection.blocked";
  std::string_view reason;
  static constexpr void fields(auto& self, auto&& field) { field("reason", self.reason); }
};
struct ConnectionUnblocked {
  static constexpr MethodId kId{10, 61};
  static constexpr std::string_view kName = "connection.unblocked";
  static constexpr void fields(auto&, auto&&) {}
};
struct ConnectionUpdateSecret {
  static constexpr MethodId kId{10, 70};
  static constexpr std::string_view kName = "connection.update-secret";
  LongString new_secret;
  std::string_view reason;
  static constexpr void fields(auto& self, auto&& field) {
    field("new_secret", self.new_secret);
    field("reason", self.reason);
  }
};
struct ConnectionUpdateSecretOk {
  static constexpr MethodId kId{10, 71};
  static constexpr std::string_view kName = "connection.update-secret-ok";
  static constexpr void fields(auto&, auto&&) {}
};

// ---- Class 20: channel ----

struct ChannelOpen {
  static constexpr MethodId kId{20, 10};
  static constexpr std::string_view kName = "channel.open";
  std::string_view out_of_band;
  static constexpr void fields(auto& self, auto&& field) { field("out_of_band", self.out_of_band); }
};
struct ChannelOpenOk {
  static constexpr MethodId kId{20, 11};
  static constexpr std::string_view kName = "channel.open-ok";
  LongString channel_id;
  static constexpr void fields(auto& self, auto&& field) { field("channel_id", self.channel_id); }
};
struct ChannelFlow {
  static constexpr MethodId kId{20, 20};
  static constexpr std::string_view kName = "channel.flow";
  bool active = false;
  static constexpr void fields(auto& self, auto&& field) { field("active", self.active); }
};
struct ChannelFlowOk {
  static constexpr MethodId kId{20, 21};
  static constexpr std::string_view kName = "channel.flow-ok";
  bool active = false;
  static constexpr void fields(auto& self, auto&& field) { field("active", self.active); }
};
struct ChannelClose {
  static constexpr MethodId kId{20, 40};
  static constexpr std::string_view kName = "channel.close";
  std::uint16_t reply_code = 0;
  std::string_view reply_text;
  std::uint16_t failed_class = 0;
  std::uint16_t failed_method = 0;
  static constexpr void fields(auto& self, auto&& field) {
    field("reply_code", self.reply_code);
    field("reply_text", self.reply_text);
    field("failed_class", self.failed_class);
    field("failed_method", self.failed_method);
  }
};
struct ChannelCloseOk {
  static constexpr MethodId kId{20, 41};
  static constexpr std::string_view kName = "channel.close-ok";
  static constexpr void fields(auto&, auto&&) {}
};

// ---- Class 30: access ----

struct AccessRequest {
  static constexpr MethodId kId{30, 10};
  static constexpr std::string_view kName = "access.request";
  std::string_view realm;
  bool exclusive = false;
  bool passive = true;
  bool active = true;
  bool write = true;
  bool read = true;
  static constexpr void fields(auto& self, auto&& field) {
    field("realm", self.realm);
    field("exclusive", self.exclusive);
    field("passive", self.passive);
    field("active", self.active);
    field("write", self.write);
    field("read", self.read);
  }
};
struct AccessRequestOk {
  static constexpr MethodId kId{30, 11};
  static constexpr std::string_view kName = "access.request-ok";
  std::uint16_t ticket = 1;
  static constexpr void fields(auto& self, auto&& field) { field("ticket", self.ticket); }
};

}  // namespace naru::amqp091
