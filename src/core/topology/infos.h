#pragma once
/// What is known of each thing in the catalogue.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/queue/lane.h"
#include "message/value.h"

namespace naru::core {

/// Stored on disk: numbers are never reused.
enum class ExchangeType : std::uint8_t { direct = 0, fanout = 1, topic = 2, headers = 3 };
/// "direct", "fanout", "topic", "headers"
std::string_view to_string(ExchangeType type);

struct ExchangeInfo {
  ExchangeId id;
  TenantId tenant;
  std::string name;
  ExchangeType type = ExchangeType::direct;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  message::Table arguments;
  std::string alternate;  // from the argument alternate-exchange; empty: none
};

struct QueueInfo {
  QueueRef ref;
  TenantId tenant;
  std::string name;
  bool durable = false;
  bool auto_delete = false;
  ConnectionId exclusive_owner;  // none: not exclusive
  message::Table arguments;
  QueueSettings settings;  // what of it the lane needs
};

struct BindingInfo {
  ExchangeId source;
  bool to_exchange = false;
  std::uint64_t destination = 0;  // QueueId or ExchangeId value
  std::string routing_key;
  message::SharedTable arguments;  // with the catalogue's own: listings copy many
};

struct UserInfo {
  std::string name;
  std::string password_hash;  // security/password.h; empty: no password login
  std::string tags;           // comma-separated
};

/// Patterns are searched in names (security/patterns.h).
struct PermissionInfo {
  std::string user;
  TenantId tenant;
  std::string configure, write, read;
};

}  // namespace naru::core
